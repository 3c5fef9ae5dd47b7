//! Members: they join by consent, come masked, leave, carry cards, are counted; and what goes with them.

use crate::associations::{Branch, branch, founded};
use crate::both;
use crate::support::make::{at, consent};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{member_cards, memberships, persons};
use qianshou::db::{Micros, Uid};
use qianshou::people::model::PersonState;
use qianshou::privacy::erasure;

pub fn newcomer(association: &Value) -> Value {
    json!({ "association_id": association["id"], "name": "沈小溪", "phone": make::phone(), "consents": [consent("membership")], "joined_on": "2025-03-01" })
}

pub async fn joined(who: &Client, association: &Value) -> Value {
    who.post("/v1/members", newcomer(association))
        .await
        .expect(201)
}

async fn count(who: &Client, path: &str) -> usize {
    let page = who.get(path).await.expect(200);
    page["items"].as_array().unwrap().len()
}

fn leave(on: &str) -> Value {
    json!({ "left_on": on, "reason": "moved_away", "channel": "phone" })
}

async fn left(who: &Client, member: &Value) -> Value {
    let path = format!("{}/leave", at("members", member));
    who.post(&path, leave("2026-05-29")).await.expect(200)
}

fn uid(value: &Value) -> Uid {
    value.as_str().unwrap().parse().unwrap()
}

both! {
    async fn somebody_joins_by_their_own_consent(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        let body = newcomer(&village);
        let once = officer.post_once("/v1/members", "joins", body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/members", "joins", body.clone()).await.expect(201), once);
        assert_eq!((&once["name"], &once["state"], &once["backbone_since"], &once["card_number"]), (&json!("沈*"), &json!("member"), &json!(null), &json!(null)));
        assert!(once["phone"].as_str().unwrap().contains("****"));
        let with = |changes: Value| { let mut b = newcomer(&village); for (k, v) in changes.as_object().unwrap() { b[k] = v.clone(); } b };
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "joined_on": tomorrow }), "/joined_on", "in_the_future"),
            (json!({ "joined_on": "1999-01-01" }), "/joined_on", "bad_order"),
            (json!({ "backbone_since": "2025-02-28" }), "/backbone_since", "bad_order"),
            (json!({ "backbone_since": tomorrow }), "/backbone_since", "in_the_future"),
            (json!({ "area": "330402" }), "/area", "area_outside"),
            (json!({ "area": "999999" }), "/area", "no_such_area"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/association_id", "no_such_record"),
            (json!({ "person_id": once["person_id"] }), "/person_id", "not_fitting"),
        ] {
            officer.post("/v1/members", with(changes)).await.fault(pointer, fault);
        }
        officer.post("/v1/members", with(json!({ "consents": [] }))).await.problem(403, "consent_required");
        officer.post("/v1/members", with(json!({ "consents": [consent("photos")] }))).await.problem(403, "consent_required");
        // Of a city's members it is said where they are; it is in no county itself.
        officer.post("/v1/members", newcomer(&municipal)).await.fault("/area", "required");
        let mut body = newcomer(&municipal);
        body["area"] = json!(VILLAGE);
        let of_city = officer.post("/v1/members", body).await.expect(201);
        // Somebody known joins another one, once.
        let known = |person: &Value| json!({ "association_id": township["id"], "person_id": person, "joined_on": "2025-03-01" });
        officer.post("/v1/members", known(&once["person_id"])).await.expect(201);
        officer.post("/v1/members", known(&once["person_id"])).await.problem(409, "already_member");
        // A township's officer does not know who is a member of the city's alone.
        let town = app.user(Role::Officer, TOWN).await;
        town.post("/v1/members", known(&of_city["person_id"])).await.fault("/person_id", "no_such_record");
        assert_eq!(count(&town, "/v1/members").await, 2);
        // Of one that is no more nobody becomes a member, and whoever was is none.
        officer.post(&format!("{}/dissolution", at("associations", &village)), json!({ "dissolved_on": "2026-05-29", "reason": "merged" })).await.expect(200);
        officer.post("/v1/members", newcomer(&village)).await.problem(409, "state_forbids");
        let was = officer.get(&at("members", &once)).await.expect(200);
        assert_eq!((&was["state"], &was["left_on"], &was["left_because"]), (&json!("left"), &json!("2026-05-29"), &json!("association_dissolved")));
    }

    async fn members_come_masked_to_their_own_officers_alone(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let body = newcomer(&village);
        let member = officer.post("/v1/members", body.clone()).await.expect(201);
        let other = joined(&officer, &township).await;
        let path = at("members", &member);
        for role in [Role::FieldMember, Role::Coordinator, Role::Administrator, Role::Auditor] {
            app.user(role, VILLAGE).await.get(&path).await.problem(403, "forbidden_action");
        }
        let here = app.user(Role::Officer, VILLAGE).await;
        assert_eq!(here.get("/v1/members").await.expect(200)["items"], json!([member]));
        here.get(&at("members", &other)).await.problem(404, "not_found");
        let elsewhere = app.user(Role::Officer, OTHER_TOWN).await;
        assert_eq!(count(&elsewhere, "/v1/members").await, 0);
        let look = json!({ "phone": body["phone"] });
        assert_eq!(here.post("/v1/members/look-up", look.clone()).await.expect(200)["items"], json!([member]));
        assert_eq!(elsewhere.post("/v1/members/look-up", look).await.expect(200)["items"], json!([]));
        here.post("/v1/members/look-up", json!({ "phone": "12345678901" })).await.fault("/phone", "bad_phone");
        let seen = here.post(&format!("{path}/reveal"), json!({ "reason": "association_work" })).await.expect(200);
        assert_eq!((&seen["name"], &seen["phone"], &seen["id"]), (&body["name"], &json!(format!("+86{}", body["phone"].as_str().unwrap())), &member["person_id"]));
        here.post(&format!("{path}/reveal"), json!({ "reason": "curiosity" })).await.fault("/reason", "not_one_of");
        // They themselves see it, and what is held, by their receipt.
        let code = crate::receipts::code_for(&here, &path).await;
        let held = crate::receipts::view(app, &code).await;
        assert_eq!((&held["person"]["name"], &held["person"]["sex"]), (&body["name"], &json!("unspecified")));
        assert_eq!((&held["memberships"][0]["association"], &held["memberships"][0]["joined_on"]), (&village["title"], &json!("2025-03-01")));
        let looks = held["looks"].as_array().unwrap();
        let look = looks.iter().find(|l| l["what"] == "member.reveal").unwrap();
        assert_eq!((&look["role"], &look["reason"]), (&json!("officer"), &json!("association_work")));
        let receipts = here.get(&format!("{path}/receipts")).await.expect(200);
        let revocation = format!("{path}/receipts/{}/revocation", receipts["items"][0]["id"].as_str().unwrap());
        elsewhere.post(&revocation, json!(null)).await.problem(404, "not_found");
        here.post(&revocation, json!(null)).await.expect(200);
        app.anonymous().post("/v1/receipt/view", json!({ "code": code })).await.problem(401, "code_not_valid");
    }

    async fn the_backbone_is_decided_on_a_day_and_a_name_corrected(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let member = joined(&officer, &village).await;
        let path = at("members", &member);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "backbone_since": "2025-01-01" })).await.fault("/backbone_since", "bad_order");
        officer.patch(&path, &etag, json!({ "joined_on": null })).await.fault("/joined_on", "not_null");
        let changed = officer.patch(&path, &etag, json!({ "backbone_since": "2025-06-01", "name": "申小溪", "phone": null })).await.expect(200);
        assert_eq!((&changed["backbone_since"], &changed["name"], &changed["phone"], &changed["version"]), (&json!("2025-06-01"), &json!("申*"), &json!(null), &json!(2)));
        officer.patch(&path, &etag, json!({ "backbone_since": null })).await.problem(412, "version_conflict");
        let village_id = village["id"].as_str().unwrap();
        let list = |backbone: bool| format!("/v1/members?association_id={village_id}&backbone={backbone}");
        assert_eq!((count(&officer, &list(true)).await, count(&officer, &list(false)).await), (1, 0));
        // Of a resident whoever looks after them amends what is known.
        let resident = make::registered(&app.member().await).await;
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::Coordinator, TOWN)]).await;
        let join = json!({ "association_id": village_id, "person_id": resident["person_id"], "joined_on": "2025-03-01", "consents": [consent("membership")] });
        let known = both.post("/v1/members", join).await.expect(201);
        let path = at("members", &known);
        let etag = both.get(&path).await.etag();
        both.patch(&path, &etag, json!({ "name": "申小溪" })).await.fault("/name", "not_fitting");
        // What they agreed to elsewhere is not the officer's to see or to end.
        let seen = officer.get(&format!("{path}/consents")).await.expect(200);
        let purposes: Vec<&Value> = seen["items"].as_array().unwrap().iter().map(|k| &k["purpose"]).collect();
        assert_eq!(purposes, [&json!("membership")]);
        let all = both.get(&format!("{}/consents", at("residents", &resident))).await.expect(200);
        let registration = all["items"].as_array().unwrap().iter().find(|k| k["purpose"] == "registration").unwrap();
        let end = format!("{path}/consents/{}/withdrawal", registration["id"].as_str().unwrap());
        officer.post(&end, json!({ "channel": "in_person" })).await.problem(404, "not_found");
        officer.post(&format!("{path}/consents"), consent("insurance")).await.fault("/purpose", "not_fitting");
        officer.post(&format!("{path}/consents"), consent("photos")).await.expect(201);
    }

    async fn cards_are_issued_anew_and_void(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let member = joined(&officer, &village).await;
        let path = at("members", &member);
        let cards = format!("{path}/cards");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&format!("{path}/card-print"), json!(null)).await.problem(409, "state_forbids");
        officer.post(&format!("{path}/card-voiding"), json!({ "reason": "lost" })).await.problem(409, "state_forbids");
        officer.post(&cards, json!({ "issued_on": tomorrow })).await.fault("/issued_on", "in_the_future");
        officer.post(&cards, json!({ "issued_on": "2025-01-01" })).await.fault("/issued_on", "bad_order");
        officer.post(&cards, json!({ "issued_on": "2026-05-01", "replaces": "lost" })).await.fault("/replaces", "not_fitting");
        let first = officer.post(&cards, json!({ "issued_on": "2026-05-01" })).await.expect(201);
        officer.post(&cards, json!({ "issued_on": "2026-05-02" })).await.fault("/replaces", "required");
        let second = officer.post(&cards, json!({ "issued_on": "2026-05-02", "replaces": "lost" })).await.expect(201);
        assert_ne!(first["number"], second["number"]);
        assert_eq!(officer.get(&path).await.expect(200)["card_number"], second["number"]);
        let all = officer.get(&cards).await.expect(200);
        let standing: Vec<(&Value, &Value)> = all["items"].as_array().unwrap().iter().map(|c| (&c["number"], &c["voided_because"])).collect();
        assert_eq!(standing, [(&second["number"], &json!(null)), (&first["number"], &json!("lost"))]);
        let printed = officer.post(&format!("{path}/card-print"), json!(null)).await.expect(200);
        assert_eq!((&printed["name"], &printed["number"], &printed["association"]), (&json!("沈小溪"), &second["number"], &village["title"]));
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=member.reveal").await.expect(200);
        assert_eq!((&entries["items"][0]["reason"], &entries["items"][0]["record_id"]), (&json!("card_print"), &member["person_id"]));
        let void = officer.post(&format!("{path}/card-voiding"), json!({ "reason": "damaged" })).await.expect(200);
        assert_eq!(void["card_number"], json!(null));
        officer.post(&cards, json!({ "issued_on": "2026-05-03" })).await.expect(201);
        // Whoever leaves has none.
        assert_eq!(left(&officer, &member).await["card_number"], json!(null));
        let good: i64 = member_cards::table.filter(member_cards::voided_on.is_null()).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(good, 0);
    }

    async fn with_the_last_association_the_consent_ends_and_what_rested_on_it(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let member = joined(&officer, &village).await;
        let join = json!({ "association_id": township["id"], "person_id": member["person_id"], "joined_on": "2025-03-01" });
        let second = officer.post("/v1/members", join).await.expect(201);
        let path = format!("{}/leave", at("members", &member));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&path, leave(&tomorrow)).await.fault("/left_on", "in_the_future");
        officer.post(&path, leave("2025-02-28")).await.fault("/left_on", "bad_order");
        officer.post(&path, json!({ "left_on": "2026-05-29", "reason": "consent_withdrawn", "channel": "phone" })).await.fault("/reason", "not_one_of");
        officer.post(&path, json!({ "left_on": "2026-05-29", "reason": "own_wish" })).await.fault("/channel", "required");
        let gone = left(&officer, &member).await;
        assert_eq!((&gone["state"], &gone["left_on"], &gone["left_because"]), (&json!("left"), &json!("2026-05-29"), &json!("moved_away")));
        officer.post(&path, leave("2026-05-29")).await.problem(409, "state_forbids");
        let etag = officer.get(&at("members", &member)).await.etag();
        officer.patch(&at("members", &member), &etag, json!({ "backbone_since": "2026-01-01" })).await.problem(409, "state_forbids");
        assert_eq!((count(&officer, "/v1/members").await, count(&officer, "/v1/members?state=left").await), (1, 1));
        // They are a member still, and agree still.
        officer.get(&at("members", &second)).await.expect(200);
        assert_eq!(left(&officer, &second).await["state"], "left");
        // Nothing else is known of them: they are out of use, and erased a week later.
        officer.get(&at("members", &second)).await.problem(404, "not_found");
        assert_eq!((count(&officer, "/v1/members").await, count(&officer, "/v1/members?state=left").await), (0, 0));
        app.advance(8 * Micros::DAY);
        while erasure::run(&app.data).await.unwrap() {}
        let mut c = app.connection();
        let (state, name): (PersonState, Vec<u8>) = persons::table.find(uid(&member["person_id"])).select((persons::state, persons::name)).first(&mut c).unwrap();
        assert!(state == PersonState::Erased && name.is_empty());
        assert_eq!(memberships::table.count().get_result::<i64>(&mut c).unwrap(), 0);
    }

    async fn whoever_withdraws_by_receipt_is_no_member_from_today(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::FieldMember, VILLAGE)]).await;
        let resident = make::registered(&both).await;
        let join = json!({ "association_id": village["id"], "person_id": resident["person_id"], "joined_on": "2025-03-01", "consents": [consent("membership")] });
        let member = both.post("/v1/members", join).await.expect(201);
        let code = crate::receipts::code_for(&both, &at("members", &member)).await;
        let held = crate::receipts::view(app, &code).await;
        let given = crate::receipts::consent_of(&held, "membership");
        app.anonymous().post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": given })).await.expect(200);
        let now = officer.get(&at("members", &member)).await.expect(200);
        assert_eq!((&now["state"], &now["left_because"]), (&json!("left"), &json!("consent_withdrawn")));
        both.get(&at("residents", &resident)).await.expect(200);
        // Joining again needs that they come back to it of their own accord.
        let again = |k: Value| json!({ "association_id": village["id"], "person_id": resident["person_id"], "joined_on": "2026-05-01", "consents": [k] });
        both.post("/v1/members", json!({ "association_id": village["id"], "person_id": resident["person_id"], "joined_on": "2026-05-01" })).await.problem(403, "consent_withdrawn");
        both.post("/v1/members", again(consent("membership"))).await.fault("/consents/0/purpose", "asked_again");
        both.post("/v1/members", again(make::consent_again("membership"))).await.expect(201);
    }

    async fn a_merge_takes_memberships_and_posts_along(app) {
        let Branch { village, .. } = branch(app).await;
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::FieldMember, VILLAGE)]).await;
        let coordinator = app.coordinator().await;
        let body = make::resident_with(json!({ "document": crate::support::twins::document(), "consents": [consent("registration"), consent("membership")] }));
        let kept = both.post("/v1/residents", body.clone()).await.expect(201);
        let mut other = body;
        other["phone"] = json!(make::phone());
        let gone = both.post("/v1/residents", other).await.expect(201);
        let join = json!({ "association_id": village["id"], "person_id": gone["person_id"], "joined_on": "2025-03-01" });
        let member = both.post("/v1/members", join).await.expect(201);
        let mut post = crate::association_posts::president(&village);
        post["person_id"] = gone["person_id"].clone();
        let post = both.post("/v1/posts", post).await.expect(201);
        let officer = app.user(Role::Officer, CITY).await;
        let best = officer.post("/v1/selections", json!({ "association_id": village["id"], "year": 2025, "category": "members" })).await.expect(201);
        let named = json!({ "member_id": member["id"], "reasons": ["care"] });
        let named = officer.post(&format!("{}/nominations", at("selections", &best)), named).await.expect(201);
        let pair = crate::support::twins::the_pair(app, &coordinator).await;
        let path = at("duplicates", &pair);
        coordinator.post(&format!("{path}/merge"), json!({ "keep": kept["person_id"] })).await.expect(200);
        let of = |path: String| { let both = both.clone(); async move { both.get(&path).await.expect(200)["person_id"].clone() } };
        assert_eq!((of(at("members", &member)).await, of(at("posts", &post)).await), (kept["person_id"].clone(), kept["person_id"].clone()));
        let nominee = |path: String| { let officer = officer.clone(); async move { officer.get(&path).await.expect(200)["person_id"].clone() } };
        assert_eq!(nominee(at("nominations", &named)).await, kept["person_id"]);
        coordinator.post(&format!("{path}/undo"), json!({})).await.expect(200);
        assert_eq!((of(at("members", &member)).await, of(at("posts", &post)).await), (gone["person_id"].clone(), gone["person_id"].clone()));
        assert_eq!(nominee(at("nominations", &named)).await, gone["person_id"]);
    }

    async fn counts_are_exact_to_officers_and_small_ones_hidden_by_area(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        let second = founded(&officer, "village", SECOND_VILLAGE, Some(&township)).await;
        let mut people = Vec::new();
        for n in 0..12 {
            let mut body = newcomer(&village);
            if n < 6 {
                body["backbone_since"] = json!("2025-06-01");
            }
            people.push(officer.post("/v1/members", body).await.expect(201));
        }
        for _ in 0..2 {
            joined(&officer, &second).await;
        }
        // Somebody who is a member of two is one person.
        let twice = json!({ "association_id": township["id"], "person_id": people[11]["person_id"], "joined_on": "2025-03-01" });
        officer.post("/v1/members", twice).await.expect(201);
        let counts = |association: &Value| {
            let (officer, path) = (officer.clone(), format!("{}/member-counts", at("associations", association)));
            async move { officer.get(&path).await.expect(200) }
        };
        let of_village = counts(&village).await;
        assert_eq!((&of_village["members"], &of_village["backbone"]), (&json!(12), &json!(6)));
        let of_town = counts(&township).await;
        assert_eq!((&of_town["members"], &of_town["members_with_parts"], &of_town["backbone_with_parts"]), (&json!(1), &json!(14), &json!(6)));
        assert_eq!(counts(&municipal).await["members_with_parts"], 14);
        app.user(Role::Officer, OTHER_TOWN).await.get(&format!("{}/member-counts", at("associations", &village))).await.problem(404, "not_found");
        // By area: two of one village hide both villages' figures, and the town's stands.
        let coordinator = app.user(Role::Coordinator, COUNTY).await;
        let statistics = |who: &Client, query: &str| {
            let (who, path) = (who.clone(), format!("/v1/member-statistics?area={query}"));
            async move { who.get(&path).await.expect(200) }
        };
        let by_town = statistics(&coordinator, COUNTY).await;
        let row = |list: &Value, area: &str| list["rows"].as_array().unwrap().iter().find(|r| r["area"] == area).cloned().unwrap();
        assert_eq!((&by_town["total"]["members"], &by_town["total"]["backbone"]), (&json!(14), &json!(6)));
        assert_eq!(row(&by_town, TOWN)["members"], 14);
        let by_village = statistics(&coordinator, &format!("{TOWN}&limit=200")).await;
        for area in [VILLAGE, SECOND_VILLAGE] {
            let row = row(&by_village, area);
            assert_eq!((&row["members"], &row["backbone"]), (&json!(null), &json!(null)), "{area}");
        }
        // A member of the city's is counted where they are.
        let mut of_city = newcomer(&municipal);
        of_city["area"] = json!(VILLAGE);
        officer.post("/v1/members", of_city).await.expect(201);
        assert_eq!(statistics(&coordinator, COUNTY).await["total"]["members"], 15);
        // Whoever left is counted no more; a hidden part of two kinds hides both.
        left(&officer, &people[0]).await;
        left(&officer, &people[1]).await;
        let total = statistics(&coordinator, COUNTY).await["total"].clone();
        assert_eq!((&total["members"], &total["backbone"]), (&json!(null), &json!(null)), "four of the backbone are left");
        coordinator.get("/v1/member-statistics").await.problem(400, "malformed_query");
        coordinator.get(&format!("/v1/member-statistics?area={CITY}")).await.problem(404, "not_found");
        app.member().await.get(&format!("/v1/member-statistics?area={VILLAGE}")).await.problem(403, "forbidden_action");
    }
}
