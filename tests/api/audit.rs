//! Who reads the audit, and what its seals cover.

use crate::audit_chain::sealed;
use crate::both;
use crate::support::make::{household, registered, subscribed_phone};
use crate::support::*;
use diesel::prelude::*;
use qianshou::audit::verify::verify;
use qianshou::auth::policy::Role;
use qianshou::db::schema::audit_entries;
use qianshou::db::{Micros, Uid};

async fn seen(who: &Client, action: &str) -> usize {
    let path = format!("/v1/audit-entries?action={action}");
    let page = who.get(&path).await.expect(200);
    page["items"].as_array().unwrap().len()
}

both! {
    async fn a_look_up_is_read_where_it_was_made(app) {
        let member = app.member().await;
        member.post("/v1/residents/look-up", json!({ "phone": "13812345678" })).await.expect(200);
        for (role, area) in [(Role::Coordinator, TOWN), (Role::Coordinator, VILLAGE), (Role::Auditor, TOWN), (Role::Auditor, CITY), (Role::Administrator, COUNTY)] {
            assert_eq!(seen(&app.user(role, area).await, "resident.look_up").await, 1, "{role} of {area}");
        }
        for (role, area) in [(Role::Coordinator, OTHER_TOWN), (Role::Coordinator, SECOND_VILLAGE), (Role::Auditor, OTHER_COUNTY), (Role::Administrator, OTHER_TOWN)] {
            assert_eq!(seen(&app.user(role, area).await, "resident.look_up").await, 0, "{role} of {area}");
        }
    }

    async fn every_entry_is_read_by_somebody(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let (city, town, elsewhere) = (app.user(Role::Auditor, CITY).await, app.user(Role::Auditor, TOWN).await, app.user(Role::Auditor, OTHER_COUNTY).await);
        let new = |area: &str, login: &str| json!({ "login": login, "display_name": "王芳", "assignment": { "role": "field_member", "area": area } });
        admin.post("/v1/users", new(VILLAGE, "audit.village")).await.expect(201);
        assert_eq!((seen(&city, "user.create").await, seen(&town, "user.create").await, seen(&elsewhere, "user.create").await), (1, 1, 0));
        // As wide as the city: in no county.
        let wide = admin.post("/v1/users", json!({ "login": "audit.city", "display_name": "王芳", "assignment": { "role": "auditor", "area": CITY } })).await.expect(201);
        assert_eq!((seen(&city, "user.create").await, seen(&town, "user.create").await), (2, 1));
        assert_eq!((seen(&city, "assignment.write").await, seen(&town, "assignment.write").await), (2, 1));
        let assignments = format!("/v1/users/{}/assignments", wide["id"].as_str().unwrap());
        let first = admin.get(&assignments).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        admin.delete(&format!("{assignments}/{first}")).await.expect(204);
        assert_eq!((seen(&city, "assignment.write").await, seen(&town, "assignment.write").await), (3, 1));
        // A phone signed out, by its owner and by a coordinator.
        let member = app.member().await;
        for by_owner in [true, false] {
            let phone = subscribed_phone(app, &member, &format!("token-of-a-phone-{by_owner}")).await;
            let path = format!("/v1/devices/{}", phone.device.unwrap());
            let who = if by_owner { member.clone() } else { app.coordinator().await };
            who.delete(&path).await.expect(204);
        }
        assert_eq!((seen(&city, "device.revoke").await, seen(&town, "device.revoke").await, seen(&elsewhere, "device.revoke").await), (2, 2, 0));
        let nowhere: Vec<String> = audit_entries::table
            .filter(audit_entries::county.is_null())
            .filter(audit_entries::area_id.is_null())
            .select(audit_entries::action)
            .load(&mut app.connection())
            .unwrap();
        assert!(nowhere.is_empty(), "nobody reads {nowhere:?}");
    }

    async fn a_seal_covers_every_column(app) {
        let member = app.member().await;
        registered(&member).await;
        household(&member).await;
        sealed(app).await;
        let (mut c, now) = (app.connection(), app.now());
        assert!(verify(&mut c, 1, None).unwrap().is_ok());
        let one: Uid = audit_entries::table.select(audit_entries::id).order(audit_entries::id).first(&mut c).unwrap();
        let other = Uid::new(now);
        type Row = (Option<Uid>, Option<Uid>, Option<String>, Option<Uid>, Option<Uid>, Option<Uid>, Option<Uid>, Option<String>, String, String);
        let columns = (audit_entries::actor_id, audit_entries::device_id, audit_entries::role, audit_entries::county, audit_entries::town,
            audit_entries::village, audit_entries::area_id, audit_entries::reason, audit_entries::facts, audit_entries::request_id);
        let was: Row = audit_entries::table.find(one).select(columns).first(&mut c).unwrap();
        macro_rules! tampered {
            ($($column:ident = $value:expr, $at:tt;)+) => {$(
                diesel::update(audit_entries::table.find(one)).set(audit_entries::$column.eq($value)).execute(&mut c).unwrap();
                assert!(verify(&mut c, 1, None).unwrap().is_err(), "{}", stringify!($column));
                diesel::update(audit_entries::table.find(one)).set(audit_entries::$column.eq(was.$at.clone())).execute(&mut c).unwrap();
                assert!(verify(&mut c, 1, None).unwrap().is_ok(), "{}", stringify!($column));
            )+};
        }
        tampered! {
            actor_id = Some(other), 0;
            device_id = Some(other), 1;
            role = Some("auditor"), 2;
            county = Some(other), 3;
            town = Some(other), 4;
            village = Some(other), 5;
            area_id = Some(other), 6;
            reason = Some("tampered"), 7;
            facts = "{}x", 8;
            request_id = "tampered", 9;
        }
    }

    async fn entries_are_found_by_what_they_say(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let before = app.now();
        app.advance(Micros::MINUTE);
        let resident = registered(&member).await;
        app.advance(Micros::MINUTE);
        let between = app.now();
        let reveal = format!("/v1/residents/{}/reveal", resident["id"].as_str().unwrap());
        coordinator.post(&reveal, json!({ "reason": "claim_help" })).await.expect(200);
        member.post(&reveal, json!({ "reason": "home_visit" })).await.expect(200);
        let auditor = app.user(Role::Auditor, COUNTY).await;
        let found = async |query: &str| -> Vec<String> {
            let path = format!("/v1/audit-entries?{query}");
            let page = auditor.get(&path).await.expect(200);
            assert_eq!(page["next_cursor"], Value::Null);
            let items = page["items"].as_array().unwrap().clone();
            items.iter().map(|e| format!("{} {}", e["action"].as_str().unwrap(), e["reason"].as_str().unwrap_or("-"))).collect()
        };
        let (by_coordinator, by_member) = ("resident.reveal claim_help", "resident.reveal home_visit");
        let id = resident["id"].as_str().unwrap();
        assert_eq!(found(&format!("record_id={id}&action=resident.reveal")).await, [by_member, by_coordinator]);
        assert_eq!(found(&format!("actor_id={}", coordinator.id)).await, [by_coordinator]);
        assert_eq!(found(&format!("actor_id={}&record_id={id}", coordinator.id)).await, [by_coordinator]);
        assert_eq!(found("reason=home_visit").await, [by_member]);
        assert_eq!(found("role=coordinator").await, [by_coordinator]);
        assert_eq!(found("role=auditor").await, [""; 0]);
        assert_eq!(found(&format!("kind=resident&from={between}")).await, [by_member, by_coordinator]);
        assert_eq!(found(&format!("kind=resident&until={between}")).await, ["resident.register -"]);
        assert_eq!(found(&format!("from={before}&until={before}")).await, [""; 0]);
        assert_eq!(found("kind=household").await, [""; 0]);
        // By record and by actor as by area: another area's are not there.
        let stranger = app.user(Role::Auditor, OTHER_COUNTY).await;
        for query in [format!("record_id={id}"), format!("actor_id={}", member.id)] {
            let page = stranger.get(&format!("/v1/audit-entries?{query}")).await.expect(200);
            assert_eq!(page["items"], json!([]), "{query}");
        }
        for query in ["role=king", "action=nonsense", "from=yesterday", "kind=a%20b", "actor_id=1", "actor=x"] {
            auditor.get(&format!("/v1/audit-entries?{query}")).await.problem(400, "malformed_query");
        }
    }

    async fn pages_join_without_gap_or_repetition(app) {
        let member = app.member().await;
        for _ in 0..3 {
            registered(&member).await;
        }
        // Of a county and of a township in it: what both cover comes once.
        let reader = app.user_with(&[(Role::Auditor, COUNTY), (Role::Coordinator, TOWN), (Role::Auditor, CITY)]).await;
        let whole = reader.get("/v1/audit-entries?limit=200").await.expect(200);
        let whole: Vec<Value> = whole["items"].as_array().unwrap().clone();
        assert!(whole.len() >= 6);
        let mut joined = Vec::new();
        let mut path = "/v1/audit-entries?limit=2".to_owned();
        loop {
            let page = reader.get(&path).await.expect(200);
            joined.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/audit-entries?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(joined, whole);
        // A cursor is of its filters.
        let page = reader.get("/v1/audit-entries?limit=2").await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        reader.get(&format!("/v1/audit-entries?limit=2&kind=resident&cursor={cursor}")).await.problem(400, "cursor_invalid");
    }

    /// A rare thing behind very many others: each page is answered soon, and the last one has it.
    async fn a_page_looks_at_a_bounded_number(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let place: (Option<Uid>, Option<Uid>, Option<Uid>) = audit_entries::table
            .filter(audit_entries::action.eq("resident.register"))
            .select((audit_entries::county, audit_entries::town, audit_entries::village))
            .first(&mut app.connection())
            .unwrap();
        app.advance(Micros::SECOND);
        let now = app.now();
        let (actor, record) = (member.id, Uid::new(now));
        for part in 0..45_i64 {
            app.data.db.write(move |c| {
                let rows: Vec<_> = (0..1000_i64).map(|i| {
                    let at = now.plus(part * 1000 + i);
                    (
                        audit_entries::id.eq(Uid::new(at)), audit_entries::at.eq(at.0), audit_entries::actor_id.eq(actor),
                        audit_entries::action.eq("visit.write"), audit_entries::kind.eq("visit"), audit_entries::record_id.eq(record),
                        audit_entries::county.eq(place.0), audit_entries::town.eq(place.1), audit_entries::village.eq(place.2),
                        audit_entries::facts.eq("{}"), audit_entries::request_id.eq(""),
                    )
                }).collect();
                qianshou::each_backend!(c, |c| diesel::insert_into(audit_entries::table).values(&rows).execute(c))?;
                Ok(())
            }).await.unwrap();
        }
        let coordinator = app.coordinator().await;
        for query in ["action=resident.register".to_owned(), format!("actor_id={actor}&action=resident.register")] {
            let (mut pages, mut cursor) = (0, String::new());
            let found = loop {
                let page = coordinator.get(&format!("/v1/audit-entries?{query}{cursor}")).await.expect(200);
                pages += 1;
                let items = page["items"].as_array().unwrap();
                match items.first() {
                    Some(entry) => break entry.clone(),
                    None => cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap()),
                }
            };
            assert_eq!((found["record_id"].clone(), pages), (resident["id"].clone(), 3), "{query}");
        }
    }
}
