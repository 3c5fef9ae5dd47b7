//! Rows of the assessment about what households, migrants and the public were offered: F2, H2, H3, H4.

use crate::assessment::{facts, figure, of, outcome, planned, result};
use crate::associations::branch;
use crate::both;
use crate::support::make::{at, registered, service};
use crate::support::notices::{ALL, NOTICES, about, drafted, migrant, sent, sides, step};
use crate::support::*;

async fn told(member: &Client, campaign: Option<&Value>, day: &str, media: &[&str]) -> Value {
    let mut body = json!({ "area": VILLAGE, "venue": "百福弄小广场", "kind": "on_the_spot", "title": "现场宣传",
        "starts_at": format!("{day}T01:00:00Z"), "ends_at": format!("{day}T03:30:00Z") });
    if let Some(campaign) = campaign {
        body["campaign_id"] = campaign["id"].clone();
    }
    let made = member.post("/v1/activities", body).await.expect(201);
    let media: Vec<Value> = media
        .iter()
        .map(|channel| json!({ "channel": channel, "outlet": "南湖", "title": "宣传", "published_on": day }))
        .collect();
    let report = json!({ "starts_at": format!("{day}T01:00:00Z"), "ends_at": format!("{day}T03:00:00Z"),
        "participants": 85, "leaflets": 200, "households_informed": 40, "media": media });
    let path = format!("{}/report", at("activities", &made));
    member.post(&path, report).await.expect(200)
}

both! {
    async fn f2_households_are_informed_insured_and_helped_in_time(app) {
        let b = branch(app).await;
        let member = app.member().await;
        told(&member, None, "2026-05-20", &[]).await;
        planned(&b.officer, CITY, &[("households_informed", 40), ("households_insured", 5), ("claims_helped", 5)]).await;
        // Four are too few to be told of.
        for n in 0..5 {
            if n == 4 {
                let city = result(&b.officer, CITY).await;
                let hidden: Vec<&Value> = of(&city, "F2")["sources"].as_array().unwrap().iter().map(|s| &s["hidden"]).collect();
                assert_eq!(hidden, [false, true, true, true]);
            }
            let (household, person) = make::lived_in(&member).await;
            let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
            member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        }
        assert_eq!(figure(&b.officer, CITY, "F2", "households_insured").await.0, json!(5));
        assert_eq!(figure(&b.officer, CITY, "F2", "claims_in_time").await, (json!(5), json!(5), json!("100")));
        assert_eq!(outcome(&b.officer, CITY, "F2").await, "met");
        assert_eq!(facts(&b.officer, CITY, "F2", "households_informed").await[0]["n"], json!(40));
        let opened = facts(&b.officer, CITY, "F2", "claims_helped").await;
        assert!(opened.iter().all(|f| f["kind"] == "area"), "{opened:?}");
        planned(&b.officer, CITY, &[("households_informed", 41), ("households_insured", 5), ("claims_helped", 5)]).await;
        assert_eq!(outcome(&b.officer, CITY, "F2").await, "not_met");
    }

    async fn h2_migrants_are_offered_what_local_households_are(app) {
        let b = branch(app).await;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let home = member.post("/v1/households", json!({ "kind": "local", "area": VILLAGE })).await.expect(201);
        let mut visit = make::home_visit(&home);
        visit["offered"] = json!(["schooling"]);
        visit["follow_ups"] = json!([]);
        let visit = member.post("/v1/visits", visit).await.expect(201);
        member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        coordinator.post(&format!("{}/confirmation", at("visits", &visit)), json!({})).await.expect(200);
        assert_eq!(figure(&b.officer, CITY, "H2", "catalogue_for_migrants").await, (json!(0), json!(1), json!("0")));
        assert_eq!(outcome(&b.officer, CITY, "H2").await, "not_met");
        let resident = registered(&member).await;
        service(&member, &resident, json!({ "kind": "schooling" })).await;
        assert_eq!(figure(&b.officer, CITY, "H2", "catalogue_for_migrants").await, (json!(1), json!(1), json!("100")));
        assert_eq!(outcome(&b.officer, CITY, "H2").await, "met");
    }

    async fn h2_notices_that_came_are_answered_in_time(app) {
        let b = branch(app).await;
        let s = sides(app).await;
        for _ in 0..10 {
            let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
            sent(&s.coordinator, &drafted(&s.member, about("registration_notice", &resident, &["name"])).await).await;
        }
        let page = s.home.get(&format!("{NOTICES}?side=in")).await.expect(200);
        let came = page["items"].as_array().unwrap().clone();
        let accept = async |home: &Client, of: &[Value]| {
            for one in of {
                for name in ["reception", "acceptance"] {
                    home.post(&step(one, name), json!({})).await.expect(200);
                }
            }
        };
        accept(&s.home, &came[1..5]).await;
        // An acknowledgement is an answer: whoever gets one owes none.
        let ack = drafted(&s.home, json!({ "kind": "acknowledgement", "regards": came[0]["id"] })).await;
        s.home.post(&step(&ack, "dispatch"), json!(null)).await.expect(200);
        s.home.post(&step(&came[0], "acceptance"), json!({})).await.expect(200);
        // Withdrawn before anybody answered: nobody's delay.
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        sent(&s.coordinator, &drafted(&s.member, about("registration_notice", &resident, &["name"])).await).await;
        make::withdraw(&s.member, &format!("{}/consents", at("residents", &resident)), "liaison_with_home_area").await;
        // Ten working days and more.
        app.advance(25 * qianshou::db::Micros::DAY);
        let (officer, home) = (make::renewed(app, &b.officer), make::renewed(app, &s.home));
        let answered = async |officer: &Client| figure(officer, CITY, "H2", "liaison_in_time").await;
        assert_eq!(answered(&officer).await, (json!(5), json!(10), json!("50")));
        // Too late is too late.
        accept(&home, &came[5..]).await;
        assert_eq!(answered(&officer).await.0, json!(5));
        assert_eq!(outcome(&officer, CITY, "H2").await, "not_met");
        // What came to the township that asked is an acknowledgement, and nothing that it owes.
        assert_eq!(figure(&officer, TOWN, "H2", "liaison_in_time").await.1, json!(0));
    }

    async fn h3_grass_roots_associations_have_a_home_with_all_possessions(app) {
        let b = branch(app).await;
        let coordinator = app.coordinator().await;
        assert_eq!(outcome(&b.officer, CITY, "H3").await, "not_met");
        let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号", "opening_hours": "8:30-17:00" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        for (i, kind) in ["premises", "sign", "rules", "equipment", "activities"].into_iter().enumerate() {
            assert_eq!(outcome(&b.officer, VILLAGE, "H3").await, "not_met", "{i} of five");
            coordinator.put(&format!("{}/possessions/{kind}", at("member-homes", &home)), json!({ "present": true, "checked_on": "2026-05-29" })).await.expect(200);
        }
        for area in [CITY, COUNTY, TOWN, VILLAGE] {
            assert_eq!(outcome(&b.officer, area, "H3").await, "met", "{area}");
        }
        assert_eq!(facts(&b.officer, CITY, "H3", "homes_with_all_possessions").await[0]["id"], b.village["id"]);
    }

    async fn h4_both_days_are_held_and_told_of_everywhere(app) {
        let b = branch(app).await;
        let member = app.member().await;
        let (organiser, approver) = crate::campaigns::organisers(app).await;
        let all = organiser.get("/v1/festivals?limit=200").await.expect(200);
        let festival = |code: &str| all["items"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap()["id"].clone();
        // For the next of these days: what is counted are the activities, by their own day.
        let campaign = |code: &str| {
            let body = crate::campaigns::campaign_with(json!({ "festival_id": festival(code), "starts_on": null }));
            let (organiser, approver) = (organiser.clone(), approver.clone());
            async move {
                let path = crate::campaigns::scheduled(&organiser, &approver, body).await;
                json!({ "id": path.rsplit('/').next() })
            }
        };
        let members_day = campaign("members_day").await;
        let population_day = campaign("world_population_day").await;
        told(&member, Some(&members_day), "2026-05-29", &["radio", "television", "internet"]).await;
        told(&member, Some(&population_day), "2026-07-11", &["radio", "internet"]).await;
        assert_eq!(outcome(&b.officer, CITY, "H4").await, "not_met");
        assert_eq!(figure(&b.officer, CITY, "H4", "population_day_television").await.0, json!(0));
        // Of a township radio and television are not asked.
        assert_eq!(outcome(&b.officer, TOWN, "H4").await, "met");
        let told = told(&member, Some(&population_day), "2026-07-11", &["television"]).await;
        assert_eq!(outcome(&b.officer, CITY, "H4").await, "met");
        assert_eq!(facts(&b.officer, CITY, "H4", "population_day_television").await[0]["id"], told["id"]);
    }
}
