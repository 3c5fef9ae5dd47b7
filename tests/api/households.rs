//! Households and their people, and who sees what of them.

use crate::both;
use crate::support::make::{
    at, consent, household, household_person, lived_in, phone, registered, resident_with, withdraw,
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
        let made = member.post("/v1/households", json!({ "kind": "local", "area": VILLAGE })).await;
        assert!(made.header("location").unwrap().starts_with("/v1/households/"));
        let made = made.expect(201);
        let path = at("households", &made);
        let read = member.get(&path).await;
        let etag = read.etag();
        let read = read.expect(200);
        assert_eq!((read["view"].as_str(), read["address"].as_str(), read["kind"].as_str()), (Some("full"), None, Some("local")));
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
        let (made, person) = lived_in(&member).await;
        assert_eq!((person["view"].as_str(), person["name"].as_str()), (Some("full"), Some("李芳")));
        let coordinator = app.coordinator().await;
        let read = coordinator.get(&at("households", &made)).await.expect(200);
        assert_eq!((read["view"].as_str(), read["address"].as_str()), (Some("masked"), Some("***")));
        let page = coordinator.get(&people(&made)).await.expect(200);
        let seen = &page["items"][0];
        assert_eq!((seen["view"].as_str(), seen["name"].as_str()), (Some("masked"), Some("李*")));
        assert!(seen["phone"].as_str().unwrap().contains("****"));
        assert_eq!(seen["consents"], json!(["insurance", "registration", "service_follow_up"]));
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

    async fn an_address_needs_somebody_who_consents_to_registration(app) {
        let member = app.member().await;
        let address = json!({ "address": "百福弄12号" });
        let body = json!({ "kind": "local", "area": VILLAGE, "address": "百福弄12号" });
        assert_eq!(member.post("/v1/households", body).await.problem(403, "consent_required")["errors"][0]["pointer"], "/address");
        let made = household(&member).await;
        let path = at("households", &made);
        household_person(&member, &made, &["insurance"]).await;
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, address.clone()).await.problem(403, "consent_required");
        let mut registered = Vec::new();
        for _ in 0..2 {
            let person = household_person(&member, &made, &["registration"]).await;
            registered.push(format!("{}/{}/consents", people(&made), person["id"].as_str().unwrap()));
        }
        let etag = member.get(&path).await.etag();
        assert_eq!(member.patch(&path, &etag, address.clone()).await.expect(200)["address"], "百福弄12号");
        withdraw(&member, &registered[0], "registration").await;
        assert_eq!(member.get(&path).await.expect(200)["address"], "百福弄12号", "somebody else still consents");
        withdraw(&member, &registered[1], "registration").await;
        let after = member.get(&path).await;
        let etag = after.etag();
        assert_eq!(after.expect(200)["address"], Value::Null);
        use diesel::prelude::*;
        let rests: Vec<Option<Vec<u8>>> = qianshou::db::schema::households::table.select(qianshou::db::schema::households::address).load(&mut app.connection()).unwrap();
        assert_eq!(rests, [None], "destroyed, not hidden");
        member.patch(&path, &etag, address).await.problem(403, "consent_withdrawn");
    }

    async fn its_people_have_the_rights_of_residents(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let made = household(&member).await;
        let document = json!({ "kind": "resident_id", "number": "330499198506150126" });
        let person = member.post(&people(&made), person_with(json!({ "document": document }))).await.expect(201);
        let path = format!("{}/{}", people(&made), person["id"].as_str().unwrap());
        // Consents.
        member.post(&format!("{path}/consents"), consent("insurance")).await.problem(409, "already_exists");
        let given = member.post(&format!("{path}/consents"), consent("photos")).await.expect(201);
        assert_eq!(member.get(&path).await.expect(200)["consents"], json!(["insurance", "photos"]));
        let withdrawal = format!("{path}/consents/{}/withdrawal", given["id"].as_str().unwrap());
        member.post(&withdrawal, json!({ "channel": "phone" })).await.expect(200);
        member.post(&withdrawal, json!({ "channel": "phone" })).await.problem(409, "state_forbids");
        // Correction.
        let held = member.get(&path).await.etag();
        let corrected = member.patch(&path, &held, json!({ "name": "李小芳", "phone": null })).await.expect(200);
        assert_eq!((corrected["name"].as_str(), &corrected["phone"], corrected["birth_year"].as_i64()), (Some("李小芳"), &Value::Null, Some(1988)));
        member.patch(&path, &held, json!({ "name": "李" })).await.problem(412, "version_conflict");
        let held = member.get(&path).await.etag();
        member.patch(&path, &held, json!({ "phone": "12812345678" })).await.fault("/phone", "bad_phone");
        member.patch(&path, &held, json!({ "address": "百福弄" })).await.fault("/address", "unknown_field");
        // Who saw them in clear.
        coordinator.post(&format!("{path}/reveal"), json!({})).await.fault("/reason", "required");
        let clear = coordinator.post(&format!("{path}/reveal"), json!({ "reason": "correction" })).await.expect(200);
        assert_eq!((clear["name"].as_str(), clear["document"]["number"].as_str()), (Some("李小芳"), Some("330499198506150126")));
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?action=household.reveal&record_id={}", person["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((entries["items"].as_array().unwrap().len(), entries["items"][0]["reason"].as_str()), (1, Some("correction")));
        // Nobody else.
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            stranger.get(&path).await.problem(404, "not_found");
            stranger.patch(&path, &held, json!({ "name": "李" })).await.problem(404, "not_found");
            stranger.post(&format!("{path}/reveal"), json!({ "reason": "correction" })).await.problem(404, "not_found");
            stranger.get(&format!("{path}/consents")).await.problem(404, "not_found");
            stranger.post(&format!("{path}/consents"), consent("photos")).await.problem(404, "not_found");
        }
        // With the last consent the person is gone.
        withdraw(&member, &format!("{path}/consents"), "insurance").await;
        member.get(&path).await.problem(404, "not_found");
        assert_eq!(member.get(&people(&made)).await.expect(200)["items"], json!([]));
    }

    async fn each_of_its_people_is_seen_on_their_own(app) {
        let (first, second) = (app.member().await, app.member().await);
        let coordinator = app.coordinator().await;
        let made = household(&first).await;
        let resident = registered(&second).await;
        let id = resident["person_id"].as_str().unwrap();
        coordinator.put(&format!("{}/{id}", people(&made)), json!({})).await.expect(200);
        assert_eq!(first.get(&people(&made)).await.expect(200)["items"], json!([]), "another worker's resident");
        first.get(&format!("{}/{id}", people(&made))).await.problem(404, "not_found");
        assert_eq!(coordinator.get(&people(&made)).await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn a_move_leaves_the_household(app) {
        let (member, county) = (app.member().await, app.user(Role::Coordinator, COUNTY).await);
        let made = household(&member).await;
        let resident = registered(&member).await;
        let id = resident["person_id"].as_str().unwrap();
        member.put(&format!("{}/{id}", people(&made)), json!({})).await.expect(200);
        let path = at("households", &made);
        let etag = member.get(&path).await.etag();
        let before = member.patch(&path, &etag, json!({ "contact_person_id": id, "address": "百福弄12号" })).await.expect(200);
        let moved = |area: &str| json!({ "area": area, "from_day": "2026-06-01", "reason": "work" });
        let residences = format!("{}/residences", at("residents", &resident));
        member.post(&residences, moved(VILLAGE)).await.expect(201);
        assert_eq!(member.get(&at("residents", &resident)).await.expect(200)["household_id"], made["id"], "in the same village");
        county.post(&residences, moved(SECOND_VILLAGE)).await.expect(201);
        assert_eq!(member.get(&people(&made)).await.expect(200)["items"], json!([]));
        let after = member.get(&path).await.expect(200);
        assert_eq!((&after["contact_person_id"], &after["address"]), (&Value::Null, &Value::Null));
        assert!(after["version"].as_i64() > before["version"].as_i64());
        assert_eq!(county.get(&at("residents", &resident)).await.expect(200)["household_id"], Value::Null);
        let entries = county.get(&format!("/v1/audit-entries?action=household.write&record_id={}", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(entries["items"][0]["reason"], "person_moved");
        // Nor does somebody join where they do not live.
        county.put(&format!("{}/{id}", people(&made)), json!({})).await.fault("/person_id", "not_fitting");
    }

    async fn joining_is_a_new_version_of_the_resident(app) {
        let member = app.member().await;
        let made = household(&member).await;
        let resident = registered(&member).await;
        let path = at("residents", &resident);
        let held = member.get(&path).await.etag();
        member.put(&format!("{}/{}", people(&made), resident["person_id"].as_str().unwrap()), json!({})).await.expect(200);
        let again = Answer::of(member.request(reqwest::Method::GET, &path).header("if-none-match", &held)).await;
        assert_eq!(again.status, 200);
        assert_eq!(again.json["household_id"], made["id"]);
        member.patch(&path, &held, json!({ "reason": "family" })).await.problem(412, "version_conflict");
    }

    async fn a_new_worker_takes_over_all_that_hangs_on_it(app) {
        let (first, second, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let (made, person) = lived_in(&coordinator).await;
        let path = at("households", &made);
        let assign = format!("{path}/assignee");
        coordinator.put(&assign, json!({ "assignee": first.id })).await.expect(200);
        let policy = first.post("/v1/policies", make::policy(&made, &person)).await.expect(201);
        let claim = first.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        let visit = first.post("/v1/visits", make::home_visit(&made)).await.expect(201);
        first.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        let follow_up = &visit["follow_ups"][0];
        let person_path = format!("{}/{}", people(&made), person["id"].as_str().unwrap());
        let hang = [path.clone(), person_path.clone(), at("policies", &policy), at("claims", &claim), at("follow-ups", follow_up)];
        for one in &hang {
            second.get(one).await.problem(404, "not_found");
        }
        let etag = first.get(&at("claims", &claim)).await.etag();
        let put = coordinator.put(&assign, json!({ "assignee": second.id })).await.expect(200);
        assert_eq!(put["assignee"], json!(second.id));
        for one in &hang {
            second.get(one).await.expect(200);
        }
        assert_eq!(second.get(&hang[4]).await.expect(200)["assignee"], json!(second.id));
        assert_eq!(second.get(&person_path).await.expect(200)["view"], "full");
        assert_ne!(second.get(&at("claims", &claim)).await.etag(), etag, "a new version");
        first.get(&path).await.problem(404, "not_found");
        first.get(&person_path).await.problem(404, "not_found");
        let rows = make::feed(app, &claim);
        assert!(rows.contains(&(second.id, "upsert".into(), "full".into(), None)));
        // Who may, and to whom.
        let outsider = app.user(Role::FieldMember, OTHER_TOWN).await;
        coordinator.put(&assign, json!({ "assignee": outsider.id })).await.fault("/assignee", "no_such_record");
        coordinator.put(&assign, json!({})).await.expect(200);
        second.put(&assign, json!({ "assignee": second.id })).await.problem(403, "forbidden_action");
        app.user(Role::Coordinator, OTHER_TOWN).await.put(&assign, json!({ "assignee": null })).await.problem(404, "not_found");
    }
}
