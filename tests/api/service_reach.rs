//! How much of the catalogue residents are offered, beside the same figure for local households.

use crate::both;
use crate::support::make::{at, registered, renewed, service};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::statistics::quarter::Quarter;

/// Visits to a household that offered these, confirmed.
async fn visited(
    member: &Client,
    coordinator: &Client,
    kind: &str,
    offered: &[&str],
    times: usize,
) {
    let home = json!({ "kind": kind, "area": VILLAGE });
    let home = member.post("/v1/households", home).await.expect(201);
    offered_at(member, coordinator, &home, offered, times).await;
}

async fn offered_at(
    member: &Client,
    coordinator: &Client,
    home: &Value,
    offered: &[&str],
    times: usize,
) {
    for _ in 0..times {
        let mut visit = make::home_visit(home);
        visit["offered"] = json!(offered);
        visit["follow_ups"] = json!([]);
        let visit = member.post("/v1/visits", visit).await.expect(201);
        let step = |name: &str| format!("{}/{name}", at("visits", &visit));
        member
            .post(&step("submission"), json!({}))
            .await
            .expect(200);
        coordinator
            .post(&step("confirmation"), json!({}))
            .await
            .expect(200);
    }
}

fn of_kind<'a>(area: &'a Value, kind: &str) -> &'a Value {
    let kinds = area["kinds"].as_array().unwrap();
    kinds.iter().find(|k| k["kind"] == kind).unwrap()
}

both! {
    async fn shares_stand_beside_each_other_and_small_counts_are_hidden(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        visited(&member, &coordinator, "local", &["health", "schooling"], 6).await;
        visited(&member, &coordinator, "migrant", &["legal_aid"], 1).await;
        let far = app.user(Role::FieldMember, OTHER_TOWN).await;
        let far_coordinator = app.user(Role::Coordinator, OTHER_TOWN).await;
        let home = far.post("/v1/households", json!({ "kind": "local", "area": OTHER_TOWN })).await.expect(201);
        offered_at(&far, &far_coordinator, &home, &["employment"], 2).await;
        // Logged and not confirmed, it is not counted.
        let mut open = make::home_visit(&home);
        open["offered"] = json!(["culture_and_sport"]);
        open["follow_ups"] = json!([]);
        far.post("/v1/visits", open).await.expect(201);
        let resident = registered(&member).await;
        service(&member, &resident, json!({ "kind": "health", "health_kind": "health_education" })).await;
        service(&member, &resident, json!({ "kind": "insurance_guidance" })).await;

        let quarter = Quarter::of(app.now().china_day()).to_string();
        let officer = app.user(Role::Officer, COUNTY).await;
        let path = |area: &str| format!("/v1/statistics/service-reach?area={area}&quarter={quarter}");
        let early = officer.get(&path(COUNTY)).await.problem(400, "malformed_query");
        assert_eq!((&early["errors"][0]["pointer"], &early["errors"][0]["code"]), (&json!("/quarter"), &json!("in_the_future")));
        app.advance(95 * Micros::DAY);
        let officer = renewed(app, &officer);
        let found = officer.get(&path(COUNTY)).await.expect(200);
        let whole = &found["whole"];
        assert_eq!((&whole["residents_percent"], &whole["local_households_percent"]), (&json!(33), &json!(50)));
        let told = |kind: &str| (of_kind(whole, kind)["residents"] == true, of_kind(whole, kind)["local_households"] == true);
        assert_eq!(told("health"), (true, true));
        assert_eq!(told("schooling"), (false, true));
        assert_eq!(told("insurance_guidance"), (true, false));
        assert_eq!(told("legal_aid"), (false, false), "a migrant household is no local one");
        assert_eq!(told("culture_and_sport"), (false, false));
        let part = |area: &str| found["parts"].as_array().unwrap().iter().find(|p| p["area"] == area).unwrap().clone();
        let (near, far) = (part(TOWN), part(OTHER_TOWN));
        assert_eq!((&near["residents_percent"], &near["local_households_percent"], &far["residents_percent"], &far["local_households_percent"]), (&json!(33), &json!(33), &json!(0), &json!(16)));
        // Fewer than five are hidden, wherever they would follow from.
        for area in [whole, &far] {
            assert_eq!(of_kind(area, "employment")["local_household_offers"], json!(null));
        }
        assert_eq!(of_kind(&near, "employment")["local_household_offers"], 0);
        // The same of a part by itself.
        let town = officer.get(&path(TOWN)).await.expect(200);
        assert_eq!((&town["whole"], &town["parts"]), (&near, &json!([])));
        let refused = officer.get(&path(VILLAGE)).await.problem(400, "malformed_query");
        assert_eq!(refused["errors"][0]["code"], "not_fitting");
        officer.get(&path(OTHER_COUNTY)).await.problem(404, "not_found");
        officer.get(&path(CITY)).await.problem(404, "not_found");
        let missing = officer.get("/v1/statistics/service-reach?area=330402").await.problem(400, "malformed_query");
        assert_eq!(missing["errors"][0]["pointer"], "/quarter");
    }
}
