//! Who reads the audit, and what its seals cover.

use crate::both;
use crate::support::make::{household, registered, subscribed_phone};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;
use qianshou::db::schema::audit_entries;

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
        let mut c = app.connection();
        let now = app.now();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            app.data.db.write(move |c| qianshou::audit::seal::seal(c, now)).await.unwrap();
            let unnumbered: i64 = audit_entries::table.filter(audit_entries::seq.is_null()).count().get_result(&mut c).unwrap();
            let last: Option<i64> = audit_entries::table.select(diesel::dsl::max(audit_entries::seq)).first(&mut c).unwrap();
            let sealed: Option<i64> = qianshou::db::schema::audit_seals::table.select(diesel::dsl::max(qianshou::db::schema::audit_seals::last_seq)).first(&mut c).unwrap();
            if unnumbered == 0 && last == sealed {
                break;
            }
            assert!(std::time::Instant::now() < deadline);
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
        assert!(qianshou::audit::seal::verify(&mut c).unwrap().is_ok());
        let one: Uid = audit_entries::table.select(audit_entries::id).order(audit_entries::id).first(&mut c).unwrap();
        let other = Uid::new(now);
        type Row = (Option<Uid>, Option<Uid>, Option<String>, Option<Uid>, Option<Uid>, Option<Uid>, Option<Uid>, Option<String>, String, String);
        let columns = (audit_entries::actor_id, audit_entries::device_id, audit_entries::role, audit_entries::county, audit_entries::town,
            audit_entries::village, audit_entries::area_id, audit_entries::reason, audit_entries::facts, audit_entries::request_id);
        let was: Row = audit_entries::table.find(one).select(columns).first(&mut c).unwrap();
        macro_rules! tampered {
            ($($column:ident = $value:expr, $at:tt;)+) => {$(
                diesel::update(audit_entries::table.find(one)).set(audit_entries::$column.eq($value)).execute(&mut c).unwrap();
                assert!(qianshou::audit::seal::verify(&mut c).unwrap().is_err(), "{}", stringify!($column));
                diesel::update(audit_entries::table.find(one)).set(audit_entries::$column.eq(was.$at.clone())).execute(&mut c).unwrap();
                assert!(qianshou::audit::seal::verify(&mut c).unwrap().is_ok(), "{}", stringify!($column));
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
}
