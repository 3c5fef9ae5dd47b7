//! Whoever moves: residences handed over, people who leave or come back, and what is known of them afterwards.

use crate::both;
use crate::support::make::at;
use crate::support::notices::*;
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

const DAY: i64 = Micros::DAY;

both! {
    async fn a_residence_is_handed_over_and_whatever_points_at_the_person_does_still(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, CITY, ALL).await;
        let path = at("residents", &resident);
        agrees(&s.member, &resident, &["birth_year"]).await;
        let follow_up = app.now().plus(20 * DAY).china_day().to_string();
        let service = make::service(&s.member, &resident, json!({ "kind": "schooling", "follow_up_on": follow_up })).await;
        let mut body = about("residence_transfer", &resident, &["name", "phone", "birth_year"]);
        body["to_area"] = json!(OTHER_TOWN);
        let draft = drafted(&s.member, body).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        s.home.put(&step(&came, "assignee"), json!({ "assignee": s.home_member.id })).await.expect(200);
        s.home_member.post(&step(&came, "reception"), json!({})).await.expect(200);
        // Nothing moved yet.
        s.home_member.get(&path).await.problem(404, "not_found");
        let take = async |body: Value| s.home_member.post(&step(&came, "acceptance"), body).await;
        take(json!({})).await.fault("/area", "required");
        take(json!({ "area": OTHER_COUNTY })).await.fault("/area", "area_too_wide");
        take(json!({ "area": VILLAGE })).await.fault("/area", "not_fitting");
        take(json!({ "area": "999999999" })).await.fault("/area", "no_such_area");
        let today = app.now().china_day().to_string();
        take(json!({ "area": "330402008016", "address": "文化路9号", "on": today })).await.expect(200);
        // The same person and record, looked after by whoever accepted.
        let moved = s.home_member.get(&path).await.expect(200);
        assert_eq!((&moved["person_id"], &moved["area"], &moved["address"], &moved["view"]), (&resident["person_id"], &json!("330402008016"), &json!("文化路9号"), &json!("full")));
        assert_eq!(moved["assignee"], json!(s.home_member.id));
        s.member.get(&path).await.problem(404, "not_found");
        s.coordinator.get(&path).await.problem(404, "not_found");
        let kept = s.home_member.get(&at("services", &service)).await.expect(200);
        assert_eq!((&kept["follow_up_on"], &kept["resident_id"]), (&json!(follow_up), &resident["id"]));
        let due = s.home.get("/v1/services?follow_up_due_before=2099-01-01").await.expect(200);
        assert_eq!(due["items"][0]["id"], service["id"]);
        let stays = s.home_member.get(&format!("{path}/residences")).await.expect(200);
        assert_eq!((&stays["items"][0]["from_day"], &stays["items"][1]["to_day"], &stays["items"][1]["area"]), (&json!(today), &json!(today), &json!(VILLAGE)));
        let consents = s.home_member.get(&format!("{path}/consents")).await.expect(200);
        assert_eq!(consents["items"].as_array().unwrap().len(), ALL.len());
        // The sender sees that it was accepted, and declining changes nothing.
        assert_eq!(read(&s.member, &draft).await["state"], "accepted");
        let other = migrant(&s.member, CITY, ALL).await;
        let mut body = about("residence_transfer", &other, &["name"]);
        body["to_area"] = json!(OTHER_TOWN);
        let draft = drafted(&s.member, body).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.home.post(&step(&came, "rejection"), json!({ "note": "本人未到。" })).await.expect(200);
        assert_eq!(s.member.get(&at("residents", &other)).await.expect(200)["area"], VILLAGE);
    }

    async fn whoever_leaves_or_comes_back_is_away_no_longer(app) {
        let s = sides(app).await;
        let away = async || s.home.get("/v1/people-away").await.expect(200)["items"].as_array().unwrap().len();
        // Left: the inflow side says so.
        let leaver = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &leaver, &["left_on"]).await;
        let (registered, _) = accepted(&s, &leaver, &["name"]).await;
        assert_eq!(away().await, 1);
        let left = json!({ "left_on": "2026-05-01", "reason": "moved_elsewhere" });
        s.member.post(&format!("{}/departure", at("residents", &leaver)), left).await.expect(200);
        let draft = drafted(&s.member, about("departure_notice", &leaver, &["name", "left_on"])).await;
        assert_eq!(draft["regards"], registered["id"]);
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        assert_eq!(told(&came)["left_on"], "2026-05-01");
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.home.post(&step(&came, "acceptance"), json!({})).await.expect(200);
        assert_eq!(away().await, 0);
        let closed = read(&s.member, &registered).await;
        assert_eq!((&closed["state"], &closed["closed_because"]), (&json!("closed"), &json!("moved_on")));
        // Back home: the home side says so, and the stay here ends.
        let back = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (registered, there) = accepted(&s, &back, &["name"]).await;
        let notice = drafted(&s.home, json!({ "kind": "arrival_back_notice", "regards": there["id"] })).await;
        s.home.post(&step(&notice, "dispatch"), json!(null)).await.expect(200);
        let came = newest(&s.coordinator, "in").await;
        assert_eq!((&came["kind"], &came["regards"], &came["told"]), (&json!("arrival_back_notice"), &registered["id"], &json!([])));
        s.coordinator.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.coordinator.post(&step(&came, "acceptance"), json!({})).await.expect(200);
        assert_eq!(s.member.get(&at("residents", &back)).await.expect(200)["state"], "left");
        let stays = s.member.get(&format!("{}/residences", at("residents", &back))).await.expect(200);
        assert_eq!(stays["items"][0]["left_reason"], "returned_home");
        for (who, copy) in [(&s.member, &registered), (&s.home, &there)] {
            assert_eq!(read(who, copy).await["closed_because"], "back_home");
        }
        assert_eq!(away().await, 0);
    }

    async fn a_household_of_which_they_are_all_goes_along(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, CITY, ALL).await;
        let person = resident["person_id"].as_str().unwrap();
        let household = make::household(&s.member).await;
        let join = format!("{}/people/{person}", at("households", &household));
        s.member.put(&join, json!(null)).await.expect(200);
        let etag = s.member.get(&at("households", &household)).await.etag();
        s.member.patch(&at("households", &household), &etag, json!({ "address": "百福弄12号" })).await.expect(200);
        let policy = s.member.post("/v1/policies", make::policy(&household, &json!({ "id": person }))).await.expect(201);
        let claim = s.member.post("/v1/claims", make::claim(&policy, &json!({ "id": person }))).await.expect(201);
        let mut visit = make::home_visit(&household);
        visit["needs_voiced"] = json!(["schooling"]);
        visit["needs_note"] = json!("想了解入学办法。");
        let visit = s.member.post("/v1/visits", visit).await.expect(201);
        let visit = s.member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        let concern = s.coordinator.get("/v1/supervision/opinions").await.expect(200)["items"][0].clone();
        let draft = s.member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        let mut before = Pocket::new(&s.member);
        numbered(app).await;
        before.pull().await;
        let held = |pocket: &Pocket, kind: &str, record: &Value| {
            let id = record["id"].as_str().unwrap().to_owned();
            pocket.records.contains_key(&(kind.to_owned(), id))
        };
        let follow_up = visit["follow_ups"][0].clone();
        let moved = [("visit", &visit), ("follow_up", &follow_up), ("policy", &policy), ("claim", &claim), ("concern", &concern), ("household", &household)];
        for (kind, record) in moved {
            assert!(held(&before, kind, record), "{kind}");
        }
        hand_over(&s, &resident, OTHER_TOWN, "330402008016").await;
        // Everything that was done for them is with whoever looks after them now.
        let home = s.home_member.get(&at("households", &household)).await.expect(200);
        assert_eq!((&home["area"], &home["address"], &home["assignee"]), (&json!("330402008016"), &json!(null), &json!(s.home_member.id)));
        let people = s.home_member.get(&format!("{}/people", at("households", &household))).await.expect(200);
        assert_eq!(people["items"][0]["id"], resident["person_id"]);
        let after = s.home_member.get(&at("visits", &visit)).await.expect(200);
        assert_eq!((&after["household_id"], &after["needs_note"], &after["area"]), (&household["id"], &json!("想了解入学办法。"), &json!("330402008016")));
        let due = s.home_member.get(&at("follow-ups", &follow_up)).await.expect(200);
        assert_eq!((&due["assignee"], &due["task"], &due["state"]), (&json!(s.home_member.id), &json!("再来看看"), &json!("open")));
        assert_eq!(s.home_member.get(&at("policies", &policy)).await.expect(200)["household_id"], household["id"]);
        assert_eq!(s.home_member.get(&at("claims", &claim)).await.expect(200)["state"], claim["state"]);
        let voiced = format!("/v1/supervision/opinions/{}", concern["id"].as_str().unwrap());
        assert_eq!(s.home.get(&voiced).await.expect(200)["state"], "open");
        s.home_member.post(&format!("{}/completion", at("follow-ups", &follow_up)), json!({ "outcome": "solved", "note": "已上门。" })).await.expect(200);
        // And with nobody else, on no phone.
        for who in [&s.member, &s.coordinator] {
            for (collection, record) in [("visits", &visit), ("follow-ups", &follow_up), ("policies", &policy), ("claims", &claim), ("households", &household)] {
                who.get(&at(collection, record)).await.problem(404, "not_found");
            }
        }
        s.coordinator.get(&voiced).await.problem(404, "not_found");
        numbered(app).await;
        before.pull().await;
        let mut now = Pocket::new(&s.home_member);
        now.pull().await;
        for (kind, record) in moved {
            assert!(!held(&before, kind, record) && held(&now, kind, record), "{kind}");
        }
        assert_eq!(s.member.get(&at("visits", &draft)).await.expect(200)["state"], "draft", "a draft stays its author's");
    }

    async fn a_household_where_others_stay_stays_with_them(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, CITY, ALL).await;
        let household = make::household(&s.member).await;
        make::household_person(&s.member, &household, &["registration", "service_follow_up"]).await;
        let join = format!("{}/people/{}", at("households", &household), resident["person_id"].as_str().unwrap());
        s.member.put(&join, json!(null)).await.expect(200);
        let visit = s.member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        s.member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        hand_over(&s, &resident, OTHER_TOWN, "330402008016").await;
        assert_eq!(s.member.get(&at("visits", &visit)).await.expect(200)["household_id"], household["id"]);
        s.home_member.get(&at("visits", &visit)).await.problem(404, "not_found");
        let people = s.member.get(&format!("{}/people", at("households", &household))).await.expect(200);
        assert_eq!(people["items"].as_array().unwrap().len(), 1);
        assert_eq!(s.home_member.get(&at("residents", &resident)).await.expect(200)["household_id"], json!(null));
    }

    async fn what_was_told_of_a_stay_ends_with_it(app) {
        let s = sides(app).await;
        let far = app.user(Role::Coordinator, "330411101").await;
        let far_member = app.user(Role::FieldMember, "330411101").await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (registered, there) = accepted(&s, &resident, &["name", "phone"]).await;
        let draft = drafted(&s.member, about("service_referral", &resident, &["name"])).await;
        let mut letter = about("information_request", &resident, &["name"]);
        letter["topics"] = json!(["contact_office"]);
        letter["office"] = json!("某县计生协");
        let letter = sent(&s.coordinator, &drafted(&s.member, letter).await).await;
        assert_eq!(s.coordinator.post(&step(&letter, "letter"), json!(null)).await.status, 200);
        let mut body = about("residence_transfer", &resident, &["name"]);
        body["to_area"] = json!("330411101");
        let transfer = sent(&s.coordinator, &drafted(&s.member, body).await).await;
        let came = newest(&far, "in").await;
        far.put(&step(&came, "assignee"), json!({ "assignee": far_member.id })).await.expect(200);
        far_member.post(&step(&came, "reception"), json!({})).await.expect(200);
        assert_eq!(told(&read(&far_member, &came).await)["name"], "张伟");
        let taken = far_member.post(&step(&came, "acceptance"), json!({ "area": "330411101001", "note": "已接收。" })).await.expect(200);
        assert_eq!(taken["told"], json!([]), "they are in the record now");
        // Nobody of the old area reads anything of somebody who is not theirs.
        let handed = read(&s.member, &transfer).await;
        assert_eq!((&handed["state"], &handed["told"], &handed["reply_note"]), (&json!("accepted"), &json!([]), &json!("已接收。")));
        for (who, copy) in [(&s.member, &registered), (&s.home, &there), (&s.member, &draft), (&s.member, &letter)] {
            let shown = read(who, copy).await;
            assert_eq!((&shown["state"], &shown["closed_because"], &shown["told"]), (&json!("closed"), &json!("moved_on"), &json!([])));
        }
        assert_eq!(values(app), 0);
        assert_eq!(s.home.get("/v1/people-away").await.expect(200)["items"], json!([]));
        let owed = s.coordinator.get("/v1/liaison-withdrawals").await.expect(200);
        assert_eq!((&owed["items"][0]["code"], owed["items"].as_array().unwrap().len()), (&letter["code"], 1));
        // The new area tells anew, by the consent that still stands.
        drafted(&far_member, about("registration_notice", &resident, &["name"])).await;
    }

    async fn within_a_county_notices_go_along(app) {
        let s = sides(app).await;
        let far = app.user(Role::Coordinator, OTHER_COUNTY).await;
        let county = app.user(Role::Coordinator, COUNTY).await;
        let resident = migrant(&s.member, OTHER_COUNTY, ALL).await;
        let out = sent(&s.coordinator, &drafted(&s.member, about("registration_notice", &resident, &["name"])).await).await;
        let came = newest(&far, "in").await;
        for name in ["reception", "acceptance"] {
            far.post(&step(&came, name), json!({})).await.expect(200);
        }
        let mut before = Pocket::new(&s.member);
        numbered(app).await;
        before.pull().await;
        let key = ("liaison_notice".to_owned(), out["id"].as_str().unwrap().to_owned());
        assert!(before.records.contains_key(&key));
        let stay = json!({ "area": "330402008016", "from_day": app.now().china_day().to_string(), "reason": "work" });
        county.post(&format!("{}/residences", at("residents", &resident)), stay).await.expect(201);
        for who in [&s.member, &s.coordinator] {
            who.get(&at("liaison-notices", &out)).await.problem(404, "not_found");
        }
        numbered(app).await;
        before.pull().await;
        assert!(!before.records.contains_key(&key));
        let moved = read(&s.home, &out).await;
        assert_eq!((&moved["state"], &moved["area"], &told(&moved)["name"]), (&json!("accepted"), &json!(VILLAGE), &"张*".to_owned()));
        assert_eq!(read(&far, &came).await["state"], "accepted");
        // An answer comes to whoever looks after them now.
        let back = drafted(&far, json!({ "kind": "arrival_back_notice", "regards": came["id"] })).await;
        far.post(&step(&back, "dispatch"), json!(null)).await.expect(200);
        let there = newest(&s.home, "in").await;
        assert_eq!((&there["kind"], &there["regards"]), (&json!("arrival_back_notice"), &out["id"]));
        assert_eq!(s.coordinator.get(&format!("{NOTICES}?side=in")).await.expect(200)["items"], json!([]));
    }

}

/// Hands a resident of the village over, and takes them on at this area.
async fn hand_over(s: &Sides, resident: &Value, to: &str, area: &str) {
    let mut body = about("residence_transfer", resident, &["name"]);
    body["to_area"] = json!(to);
    let draft = drafted(&s.member, body).await;
    sent(&s.coordinator, &draft).await;
    let came = newest(&s.home, "in").await;
    let assignee = json!({ "assignee": s.home_member.id });
    s.home
        .put(&step(&came, "assignee"), assignee)
        .await
        .expect(200);
    for (name, body) in [
        ("reception", json!({})),
        ("acceptance", json!({ "area": area })),
    ] {
        s.home_member
            .post(&step(&came, name), body)
            .await
            .expect(200);
    }
}
