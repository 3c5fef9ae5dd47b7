//! Pull as a phone sees it: assignments that come and go, records that leave, what is gone for good.

use diesel::connection::SimpleConnection;

use crate::both;
use crate::support::make::at;
use crate::support::syncing::*;
use crate::support::*;
use qianshou::auth::policy::Role::*;
use qianshou::db::{DbConn, Micros};

async fn registers(who: &Client, area: &str) -> Value {
    let body = make::resident_with(json!({ "area": area }));
    who.post("/v1/residents", body).await.expect(201)
}

/// Somebody who may does something to a resident that changes nothing but a field.
async fn amends(who: &Client, resident: &Value) {
    let path = at("residents", resident);
    let etag = who.get(&path).await.etag();
    let body = json!({ "phone": make::phone() });
    who.patch(&path, &etag, body).await.expect(200);
}

async fn moves(who: &Client, resident: &Value, area: &str, day: &str) {
    let body = json!({ "area": area, "from_day": day, "reason": "work" });
    let path = format!("{}/residences", at("residents", resident));
    who.post(&path, body).await.expect(201);
}

/// The id by which pull names an area.
async fn area_id(app: &TestApp, code: &str) -> Value {
    let (changes, _) = pull(&app.user(FieldMember, code).await, None).await;
    let area = |c: &&Value| c["kind"] == "area" && c["record"]["code"] == code;
    changes.iter().find(area).unwrap()["id"].clone()
}

/// What is said of a record.
fn told(changes: &[Value], kind: &str, record: &Value) -> Vec<String> {
    let of = of(changes, kind, &record["id"]).into_iter();
    of.map(|c| c["op"].as_str().unwrap().to_owned()).collect()
}

/// Kinds that everybody gets, whatever their areas.
fn common(change: &Value) -> bool {
    let kinds = [
        "area",
        "possession_kind",
        "service_kind",
        "consent_text",
        "festival",
        "insurance_product",
    ];
    kinds.contains(&change["kind"].as_str().unwrap())
}

both! {
    async fn a_new_assignment_is_filled_in_within_the_same_stream(app) {
        let coordinator = app.user(Coordinator, VILLAGE).await;
        let (here, there) = (app.member().await, app.user(FieldMember, OTHER_TOWN).await);
        let mine = registers(&here, VILLAGE).await;
        let theirs = [registers(&there, OTHER_TOWN).await, registers(&there, OTHER_TOWN).await];
        numbered(app).await;
        let mut phone = Pocket::new(&coordinator);
        phone.pull().await;
        assert!(phone.has("resident", &mine) && !phone.has("resident", &theirs[0]));
        assigned(app, &coordinator, "coordinator", OTHER_TOWN).await;
        let new = registers(&there, OTHER_TOWN).await;
        numbered(app).await;
        phone.limit = 3;
        let page = phone.page().await;
        assert!(page.get("progress").is_none() && page["more"] == true && page["purge_areas"] == json!([]), "{page}");
        let mut changes = page["changes"].as_array().unwrap().clone();
        changes.extend(phone.pull().await);
        for one in theirs.iter().chain([&new]) {
            assert_eq!(told(&changes, "resident", one), ["upsert"]);
            let shown = coordinator.get(&at("residents", one)).await.expect(200);
            assert_eq!((of(&changes, "resident", &one["id"])[0]["record"].clone(), &shown["view"]), (shown.clone(), &json!("masked")));
        }
        assert!(told(&changes, "resident", &mine).is_empty(), "that was there");
        let town = json!({ "id": area_id(app, OTHER_TOWN).await });
        assert_eq!(told(&changes, "area", &town), ["upsert"], "the area comes with its people");
        amends(&there, &theirs[0]).await;
        numbered(app).await;
        let changes = phone.pull().await;
        assert_eq!((told(&changes, "resident", &theirs[0]), changes.len()), (vec!["upsert".to_owned()], 1));
    }

    async fn what_is_assigned_during_a_first_pull_is_in_it(app) {
        let coordinator = app.user(Coordinator, VILLAGE).await;
        let there = app.user(FieldMember, OTHER_TOWN).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(registers(&app.member().await, VILLAGE).await);
            made.push(registers(&there, OTHER_TOWN).await);
        }
        numbered(app).await;
        let mut phone = Pocket::new(&coordinator);
        (phone.limit, phone.query) = (2, "&kinds=resident".into());
        // Into the midst of the residents.
        while phone.records.keys().filter(|(kind, _)| kind == "resident").count() < 2 {
            phone.page().await;
        }
        assigned(app, &coordinator, "coordinator", OTHER_TOWN).await;
        amends(&there, &made[1]).await;
        phone.pull().await;
        numbered(app).await;
        phone.pull().await;
        assert!(made.iter().all(|one| phone.has("resident", one)));
    }

    async fn an_ended_assignment_is_purged_and_nothing_more_of_it_comes(app) {
        let places = |role| [(role, VILLAGE), (role, OTHER_TOWN)];
        let county = app.user(Coordinator, COUNTY).await;
        let (member, coordinator) = (app.user_with(&places(FieldMember)).await, app.user_with(&places(Coordinator)).await);
        let (lost, kept) = (registers(&member, VILLAGE).await, registers(&member, OTHER_TOWN).await);
        numbered(app).await;
        let village = area_id(app, VILLAGE).await;
        for who in [&member, &coordinator] {
            let mut phone = Pocket::new(who);
            phone.pull().await;
            assert!(phone.has("resident", &lost) && phone.has("resident", &kept));
            unassigned(app, who, VILLAGE).await;
            let page = phone.page().await;
            assert_eq!((&page["purge_areas"], &page["changes"], &page["more"]), (&json!([village]), &json!([]), &json!(false)));
            assert!(!phone.has("resident", &lost) && phone.has("resident", &kept));
            assert!(phone.records.values().all(|kept| !kept.areas.contains(&village)));
            amends(&county, &lost).await;
            numbered(app).await;
            let page = phone.page().await;
            assert_eq!(page["purge_areas"], json!([]), "that was said");
            let more = page["changes"].as_array().unwrap();
            assert!(more.iter().all(|c| c["op"] == "left"), "{page}");
            assert!(who.id == member.id || more.is_empty(), "nobody tells a coordinator of an area they lost");
            amends(&county, &lost).await;
            numbered(app).await;
            assert_eq!(phone.page().await["changes"], json!([]));
        }
    }

    async fn what_one_assignment_showed_and_another_does_not_is_revoked(app) {
        let county = app.user(Coordinator, COUNTY).await;
        let coordinator = app.user_with(&[(Coordinator, TOWN), (Coordinator, VILLAGE)]).await;
        let mut made = Vec::new();
        for area in [VILLAGE, SECOND_VILLAGE, SECOND_VILLAGE, SECOND_VILLAGE] {
            made.push(registers(&county, area).await);
        }
        let [stays, untouched, amended, moved] = &made[..] else { unreachable!() };
        numbered(app).await;
        let mut phone = Pocket::new(&coordinator);
        phone.pull().await;
        assert!(made.iter().all(|one| phone.has("resident", one)));
        // Between the last pull and the end of the assignment, and after it.
        amends(&county, amended).await;
        unassigned(app, &coordinator, TOWN).await;
        moves(&county, moved, OTHER_TOWN, "2026-06-01").await;
        phone.limit = 2;
        let mut changes = phone.pull().await;
        amends(&county, amended).await;
        numbered(app).await;
        changes.extend(phone.pull().await);
        assert!(told(&changes, "resident", stays).is_empty() && phone.has("resident", stays));
        for one in [untouched, amended, moved] {
            let said = told(&changes, "resident", one);
            assert!(!said.is_empty() && said.iter().all(|op| op == "revoked"), "{said:?}");
            let kinds = ["resident", "residence", "consent"];
            let held = |kept: &Kept| kept.record["resident_id"] == one["id"] || kept.record["id"] == one["id"];
            let left: Vec<_> = phone.records.iter().filter(|((kind, _), kept)| kinds.contains(&kind.as_str()) && held(kept)).collect();
            assert!(left.is_empty(), "{left:?}");
        }
        assert!(changes.iter().all(|c| c["op"] != "revoked" || c.get("record").is_none()));
        amends(&county, untouched).await;
        numbered(app).await;
        assert!(phone.pull().await.is_empty(), "and nothing more of it comes");
    }

    async fn a_phone_whose_user_does_other_work_now_keeps_nothing_of_before(app) {
        let member = app.member().await;
        let home = make::household(&member).await;
        make::household_person(&member, &home, &["service_follow_up"]).await;
        let draft = member.post("/v1/visits", make::home_visit(&home)).await.expect(201);
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        assert!(phone.has("visit", &draft) && phone.has("household", &home));
        assigned(app, &member, "auditor", VILLAGE).await;
        unassigned(app, &member, VILLAGE).await;
        assigned(app, &member, "auditor", VILLAGE).await;
        phone.pull().await;
        let held: Vec<_> = phone.records.keys().map(|(kind, _)| kind.as_str()).collect();
        assert!(held.iter().all(|kind| ["festival", "area", "possession_kind", "service_kind", "consent_text"].contains(kind)), "{held:?}");
        assert!(held.contains(&"festival"), "which everybody sees");
    }

    async fn a_record_that_moves_away_leaves_and_comes_back(app) {
        let county = app.user(Coordinator, COUNTY).await;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registers(&member, VILLAGE).await;
        numbered(app).await;
        let mut phones = [Pocket::new(&member), Pocket::new(&coordinator), Pocket::new(&county)];
        for phone in &mut phones {
            phone.pull().await;
        }
        moves(&county, &resident, OTHER_TOWN, "2026-06-01").await;
        numbered(app).await;
        for (phone, op) in phones.iter_mut().zip(["left", "left", "upsert"]) {
            let changes = phone.pull().await;
            assert_eq!(told(&changes, "resident", &resident), [op]);
            assert_eq!(told(&changes, "residence", &resident), Vec::<String>::new());
            assert!(changes.iter().all(|c| c["op"] == op || common(c)), "its stays and consents go along: {changes:?}");
        }
        moves(&county, &resident, VILLAGE, "2026-06-02").await;
        numbered(app).await;
        for phone in &mut phones {
            let changes = phone.pull().await;
            assert_eq!(told(&changes, "resident", &resident), ["upsert"]);
        }
        // To a worker, and away from them.
        let other = app.member().await;
        let mut phone = Pocket::new(&other);
        phone.pull().await;
        for (to, op) in [(json!(other.id), "upsert"), (Value::Null, "left")] {
            let path = format!("{}/assignee", at("residents", &resident));
            county.put(&path, json!({ "assignee": to })).await.expect(200);
            numbered(app).await;
            let changes = phone.pull().await;
            assert_eq!(told(&changes, "resident", &resident), [op]);
        }
        assert!(!phone.records.keys().any(|(kind, _)| ["resident", "residence", "consent"].contains(&kind.as_str())));
    }

    async fn what_changed_while_somebody_was_away_is_theirs_again_with_the_area(app) {
        let county = app.user(Coordinator, COUNTY).await;
        let member = app.user_with(&[(FieldMember, VILLAGE), (FieldMember, OTHER_TOWN)]).await;
        let amended = registers(&member, VILLAGE).await;
        let moved = registers(&member, OTHER_TOWN).await;
        let home = make::household(&member).await;
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        unassigned(app, &member, VILLAGE).await;
        phone.pull().await;
        amends(&county, &amended).await;
        moves(&county, &moved, VILLAGE, "2026-06-01").await;
        // Taken in while whoever looks after the household is away, so theirs too when they are back.
        let person = make::household_person(&county, &home, &["service_follow_up"]).await;
        numbered(app).await;
        phone.pull().await;
        assert!(!phone.has("resident", &amended) && !phone.has("resident", &moved));
        assigned(app, &member, "field_member", VILLAGE).await;
        let mut new = Pocket::new(&member);
        // Long after, too: that it left them is not forgotten.
        for days in [0, 500] {
            app.advance(days * Micros::DAY);
            let now = app.now();
            app.data.db.write(move |c| qianshou::sync::forget(c, now)).await.unwrap();
            (phone.client, new.client) = (make::renewed(app, &member), make::renewed(app, &member));
            if days == 0 {
                phone.pull().await;
            }
            (new.cursor, new.records) = (None, Default::default());
            new.pull().await;
            for phone in [&phone, &new] {
                for (kind, one) in [("resident", &amended), ("resident", &moved), ("household", &home), ("household_person", &person)] {
                    assert!(phone.has(kind, one), "{kind} after {days} days");
                }
            }
        }
    }

    async fn what_is_gone_for_everybody_is_deleted_everywhere(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registers(&member, VILLAGE).await;
        let home = make::household(&member).await;
        let path = format!("{}/people/{}", at("households", &home), resident["person_id"].as_str().unwrap());
        Answer::of(member.request(reqwest::Method::PUT, &path)).await.expect(200);
        let person = json!({ "id": resident["person_id"] });
        numbered(app).await;
        let mut phones = [Pocket::new(&member), Pocket::new(&coordinator)];
        for phone in &mut phones {
            phone.pull().await;
            assert!(phone.has("household_person", &person));
        }
        make::withdraw(&member, &format!("{}/consents", at("residents", &resident)), "registration").await;
        member.get(&at("residents", &resident)).await.problem(404, "not_found");
        numbered(app).await;
        for phone in &mut phones {
            let changes = phone.pull().await;
            assert_eq!(told(&changes, "resident", &resident), ["delete"]);
            assert_eq!(told(&changes, "household_person", &person), ["delete"]);
            let gone: Vec<_> = changes.iter().filter(|c| c["op"] != "upsert").map(|c| c["kind"].as_str().unwrap()).collect();
            assert!(gone.contains(&"residence"), "{gone:?}");
            assert!(!phone.has("resident", &resident) && phone.has("household", &home));
        }
        // A new phone hears nothing of it.
        let mut new = Pocket::new(&member);
        assert!(told(&new.pull().await, "resident", &resident).is_empty());
    }

    async fn a_campaign_of_the_city_is_told_of_where_it_is_seen(app) {
        let (city, county) = (app.user(CampaignOrganiser, CITY).await, app.user(CampaignOrganiser, COUNTY).await);
        let mut phones = [Pocket::new(&city), Pocket::new(&county)];
        for phone in &mut phones {
            phone.pull().await;
        }
        let text = json!({ "title": "{campaign}", "body": "{day}" });
        let campaign = city.post("/v1/campaigns", json!({
            "area": CITY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
            "audience": { "areas": [TOWN], "roles": ["field_member"] }, "message_zh": text, "message_en": text
        })).await.expect(201);
        numbered(app).await;
        let [held, not] = &mut phones;
        assert_eq!(told(&held.pull().await, "campaign", &campaign), ["upsert"]);
        assert!(not.pull().await.is_empty(), "not even that there is one");
        county.get(&at("campaigns", &campaign)).await.problem(404, "not_found");
        assert!(held.has("campaign", &campaign));
        unassigned(app, &city, CITY).await;
        assert!(held.page().await["purge_areas"].as_array().unwrap().contains(&area_id(app, CITY).await));
        assert!(!held.has("campaign", &campaign), "it goes with the city");
    }
}

/// A change that waits for its position is in a first pull all the same, and comes again when it has one: a
/// phone that starts over drops what its first pull does not bring.
#[test]
fn a_first_pull_brings_what_waits_for_its_position() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let member = app.member().await;
            let resident = registers(&member, VILLAGE).await;
            numbered(app).await;
            let mut c = app.connection();
            assert!(matches!(c, DbConn::Pg(_)));
            // As while another node numbers.
            c.batch_execute("SELECT pg_advisory_lock(7237042)").unwrap();
            amends(&member, &resident).await;
            let new = registers(&member, VILLAGE).await;
            assert!(feed_reader::waiting(&mut c) > 1);
            let mut phone = Pocket::new(&member);
            phone.limit = 3;
            phone.pull().await;
            assert!(phone.has("resident", &resident) && phone.has("resident", &new));
            c.batch_execute("SELECT pg_advisory_unlock(7237042)")
                .unwrap();
            numbered(app).await;
            let changes = phone.pull().await;
            assert_eq!(told(&changes, "resident", &resident), ["upsert"]);
            assert_eq!(told(&changes, "resident", &new), ["upsert"]);
        })
    });
}
