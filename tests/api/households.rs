//! Households and their people, and who sees what of them.

use crate::both;
use crate::support::make::{
    at, consent, household, household_person, phone, registered, resident_with,
};
use crate::support::*;
use qianshou::auth::policy::Role;

fn people(household: &Value) -> String {
    format!("{}/people", at("households", household))
}

fn person() -> Value {
    json!({ "name": "李芳", "sex": "female", "birth_year": 1988, "phone": phone(), "consents": [consent("insurance")] })
}

fn person_with(changes: Value) -> Value {
    let mut body = person();
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

both! {
    async fn is_founded_read_and_amended(app) {
        let member = app.member().await;
        let made = member.post("/v1/households", json!({ "kind": "local", "area": VILLAGE, "address": "百福弄12号" })).await;
        assert!(made.header("location").unwrap().starts_with("/v1/households/"));
        let made = made.expect(201);
        let path = at("households", &made);
        let read = member.get(&path).await;
        let etag = read.etag();
        let read = read.expect(200);
        assert_eq!((read["view"].as_str(), read["address"].as_str(), read["kind"].as_str()), (Some("full"), Some("百福弄12号"), Some("local")));
        let person = household_person(&member, &made, &["insurance"]).await;
        member.patch(&path, &etag, json!({ "kind": "migrant" })).await.problem(412, "version_conflict");
        let etag = member.get(&path).await.etag();
        let after = member.patch(&path, &etag, json!({ "kind": "migrant", "address": null, "contact_person_id": person["id"] })).await.expect(200);
        assert_eq!((&after["kind"], &after["address"], &after["contact_person_id"]), (&json!("migrant"), &Value::Null, &person["id"]));
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "kind": null })).await.fault("/kind", "not_null");
        member.patch(&path, &etag, json!({ "state": "erased" })).await.fault("/state", "unknown_field");
        member.patch(&path, &etag, json!({ "contact_person_id": made["id"] })).await.fault("/contact_person_id", "no_such_record");
    }

    async fn is_refused_outside_ones_area_or_role(app) {
        let member = app.member().await;
        for (area, fault) in [(SECOND_VILLAGE, "area_outside"), (COUNTY, "area_too_wide"), ("330402007999", "no_such_area")] {
            member.post("/v1/households", json!({ "kind": "local", "area": area })).await.fault("/area", fault);
        }
        let body = json!({ "kind": "local", "area": VILLAGE });
        for role in [Role::CampaignOrganiser, Role::Officer, Role::Auditor] {
            let other = app.user(role, TOWN).await;
            other.post("/v1/households", body.clone()).await.problem(403, "forbidden_action");
            other.get("/v1/households").await.problem(403, "forbidden_action");
        }
        let path = at("households", &household(&member).await);
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            stranger.get(&path).await.problem(404, "not_found");
            stranger.get(&format!("{path}/people")).await.problem(404, "not_found");
            stranger.post(&format!("{path}/people"), person()).await.problem(404, "not_found");
            stranger.patch(&path, "\"1-f\"", json!({ "kind": "local" })).await.problem(404, "not_found");
            assert_eq!(stranger.get("/v1/households").await.expect(200)["items"], json!([]));
        }
    }

    async fn coordinators_see_it_masked(app) {
        let member = app.member().await;
        let made = household(&member).await;
        let person = household_person(&member, &made, &["insurance"]).await;
        assert_eq!((person["view"].as_str(), person["name"].as_str()), (Some("full"), Some("李芳")));
        let coordinator = app.coordinator().await;
        let read = coordinator.get(&at("households", &made)).await.expect(200);
        assert_eq!((read["view"].as_str(), read["address"].as_str()), (Some("masked"), Some("***")));
        let page = coordinator.get(&people(&made)).await.expect(200);
        let seen = &page["items"][0];
        assert_eq!((seen["view"].as_str(), seen["name"].as_str()), (Some("masked"), Some("李*")));
        assert!(seen["phone"].as_str().unwrap().contains("****"));
        assert_eq!(seen["consents"], json!(["insurance"]));
        assert_eq!(coordinator.get("/v1/households").await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn people_come_by_consent_alone(app) {
        let member = app.member().await;
        let made = household(&member).await;
        member.post(&people(&made), person_with(json!({ "consents": [] }))).await.problem(403, "consent_required");
        member.post(&people(&made), person_with(json!({ "birth_year": 2020 }))).await.fault("/consents/0/given_by", "not_fitting");
        member.post(&people(&made), person_with(json!({ "phone": "12812345678" }))).await.fault("/phone", "bad_phone");
        member.post(&people(&made), person_with(json!({ "birth_year": 2099 }))).await.fault("/birth_year", "in_the_future");
        member.post(&people(&made), person_with(json!({ "document": { "kind": "resident_id", "number": "330499198506150127" } }))).await.fault("/document/number", "bad_check_digit");
        assert_eq!(member.get(&people(&made)).await.expect(200)["items"], json!([]));
        let mut given = consent("insurance");
        given["given_by"] = json!("guardian");
        member.post(&people(&made), person_with(json!({ "birth_year": 2020, "consents": [given] }))).await.expect(201);
    }

    async fn a_repeated_request_makes_one(app) {
        let member = app.member().await;
        let body = json!({ "kind": "local", "area": VILLAGE });
        let first = member.post_once("/v1/households", "h", body.clone()).await.expect(201);
        let second = member.post_once("/v1/households", "h", body).await.expect(201);
        assert_eq!(first["id"], second["id"]);
        let body = person();
        let one = member.post_once(&people(&first), "p", body.clone()).await.expect(201);
        let two = member.post_once(&people(&first), "p", body).await.expect(201);
        assert_eq!(one["id"], two["id"]);
        member.post_once(&people(&first), "p", person()).await.problem(422, "idempotency_key_reused");
        assert_eq!(member.get(&people(&first)).await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn a_resident_is_put_into_a_household(app) {
        let member = app.member().await;
        let (first, second) = (household(&member).await, household(&member).await);
        let resident = registered(&member).await;
        let id = resident["person_id"].as_str().unwrap();
        let into = |h: &Value| format!("{}/{id}", people(h));
        let put = member.put(&into(&first), json!({})).await.expect(200);
        assert_eq!((&put["household_id"], put["name"].as_str()), (&first["id"], Some("张伟")));
        assert_eq!(member.get(&at("residents", &resident)).await.expect(200)["household_id"], first["id"]);
        // Again changes nothing; into another one leaves the first.
        let again = member.put(&into(&first), json!({})).await.expect(200);
        assert_eq!(again["version"], put["version"]);
        member.put(&into(&second), json!({})).await.expect(200);
        assert_eq!(member.get(&people(&first)).await.expect(200)["items"], json!([]));
        member.get(&into(&first)).await.problem(404, "not_found");
        // Nobody brings in whom they cannot see, nor into what they cannot see.
        let stranger = app.member().await;
        let theirs = household(&stranger).await;
        stranger.put(&into(&theirs), json!({})).await.problem(404, "not_found");
        member.put(&into(&theirs), json!({})).await.problem(404, "not_found");
    }

    async fn whoever_withdrew_registration_is_gone(app) {
        let member = app.member().await;
        let made = household(&member).await;
        let resident = member.post("/v1/residents", resident_with(json!({}))).await.expect(201);
        let path = format!("{}/{}", people(&made), resident["person_id"].as_str().unwrap());
        member.put(&path, json!({})).await.expect(200);
        let consents = format!("{}/consents", at("residents", &resident));
        let given = member.get(&consents).await.expect(200)["items"][0]["id"].clone();
        member.post(&format!("{consents}/{}/withdrawal", given.as_str().unwrap()), json!({ "channel": "phone" })).await.expect(200);
        assert_eq!(member.get(&people(&made)).await.expect(200)["items"], json!([]));
        member.put(&path, json!({})).await.problem(404, "not_found");
    }
}
