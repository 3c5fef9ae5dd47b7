//! Finding two records of one person, and deciding about them.

use crate::both;
use crate::support::make::{at, consent, resident_with, unique};
use crate::support::process::Process;
use crate::support::twins::{document, pairs, searched, the_pair};
use crate::support::*;
use qianshou::auth::policy::Role;

/// A name that nobody else of the run has, and that is like none.
fn name() -> String {
    let given = char::from_u32(0x4e00 + unique() % 20_000).unwrap();
    format!("陈{given}")
}

/// Somebody with this document, of this township or village.
fn somebody(area: &str, document: &Value) -> Value {
    resident_with(json!({ "name": name(), "area": area, "document": document, "birth_year": 1985 }))
}

/// The same with consent to liaison.
fn with_liaison(area: &str, document: &Value) -> Value {
    let mut body = somebody(area, document);
    body["consents"] = json!([consent("registration"), consent("liaison_with_home_area")]);
    body
}

async fn elsewhere(app: &TestApp) -> Client {
    app.user(Role::FieldMember, OTHER_TOWN).await
}

async fn inbox(client: &Client) -> Vec<Value> {
    let all = client.get("/v1/notifications").await.expect(200);
    let of = |n: &&Value| n["kind"] == "duplicate_suspected";
    all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of)
        .cloned()
        .collect()
}

both! {
    async fn the_same_document_is_shown_side_by_side_and_masked(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let document = document();
        let first = member.post("/v1/residents", resident_with(json!({ "document": document, "name": "王小明" }))).await.expect(201);
        let second = member.post("/v1/residents", resident_with(json!({ "document": document, "name": "汪晓民", "birth_year": 1986 }))).await.expect(201);
        assert!(second["warnings"].as_array().unwrap().contains(&json!("duplicate_suspected")));
        let pair = the_pair(app, &coordinator).await;
        assert_eq!((&pair["why"], &pair["state"], &pair["version"]), (&json!("same_document"), &json!("open"), &json!(1)));
        for (record, (made, name)) in pair["records"].as_array().unwrap().iter().zip([(&first, "王*"), (&second, "汪*")]) {
            assert_eq!((&record["resident_id"], &record["person_id"]), (&made["id"], &made["person_id"]));
            assert_eq!((&record["name"], &record["in_your_area"], &record["county"], &record["area"]), (&json!(name), &json!(true), &json!(COUNTY), &json!(VILLAGE)));
            let number = document["number"].as_str().unwrap();
            assert_eq!(record["document"]["number"], format!("{}**********{}", &number[..4], &number[14..]));
            assert!(record["phone"].as_str().unwrap().contains("****"));
        }
        let read = coordinator.get(&at("duplicates", &pair)).await;
        assert_eq!(read.etag(), "\"1-m\"");
        assert_eq!(read.expect(200), pair);
        member.get("/v1/duplicates").await.problem(403, "forbidden_action");
        member.get(&at("duplicates", &pair)).await.problem(403, "forbidden_action");
        for area in [OTHER_TOWN, SECOND_VILLAGE, OTHER_COUNTY] {
            let stranger = app.user(Role::Coordinator, area).await;
            assert_eq!(pairs(app, &stranger, "open").await, [] as [Value; 0]);
            stranger.get(&at("duplicates", &pair)).await.problem(404, "not_found");
            stranger.post(&format!("{}/dismissal", at("duplicates", &pair)), json!({ "reason": "other" })).await.problem(404, "not_found");
            stranger.post(&format!("{}/merge", at("duplicates", &pair)), json!({ "keep": first["person_id"] })).await.problem(404, "not_found");
        }
        coordinator.get("/v1/duplicates?state=perhaps").await.problem(400, "malformed_query");
    }

    async fn a_shared_phone_is_a_household_and_twins_are_two(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let person = |name: &str, phone: &str, year: Value| resident_with(json!({ "name": name, "phone": phone, "birth_year": year }));
        let phone = make::phone();
        member.post("/v1/residents", person("赵建国", &phone, json!(1960))).await.expect(201);
        member.post("/v1/residents", person("钱秀英", &phone, json!(1961))).await.expect(201);
        assert_eq!(pairs(app, &coordinator, "open").await, [] as [Value; 0]);
        // The same phone, and a name with one character mistyped; of the year one does not know.
        member.post("/v1/residents", person("赵健国", &phone, json!(null))).await.expect(201);
        assert_eq!(the_pair(app, &coordinator).await["why"], "same_phone");
        // Neither phone nor document, but name, year and township.
        member.post("/v1/residents", person("赵建国", &make::phone(), json!(1960))).await.expect(201);
        let found = pairs(app, &coordinator, "open").await;
        assert_eq!(found.iter().filter(|p| p["why"] == "similar_name").count(), 1, "{found:?}");
        // Two documents are two people.
        for _ in 0..2 {
            member.post("/v1/residents", resident_with(json!({ "name": "孙丽华", "birth_year": 1970, "document": document() }))).await.expect(201);
        }
        // Twins come into one household together.
        let household = make::household(&member).await;
        for name in ["周小龙", "周小虎"] {
            let body = json!({ "name": name, "sex": "male", "birth_year": 1999, "phone": phone, "consents": [consent("registration")] });
            member.post(&format!("{}/people", at("households", &household)), body).await.expect(201);
        }
        assert_eq!(pairs(app, &coordinator, "open").await.len(), found.len());
    }

    async fn a_dismissed_pair_does_not_come_back(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let document = document();
        let first = member.post("/v1/residents", resident_with(json!({ "document": document }))).await.expect(201);
        member.post("/v1/residents", resident_with(json!({ "document": document }))).await.expect(201);
        let path = at("duplicates", &the_pair(app, &coordinator).await);
        coordinator.post(&format!("{path}/dismissal"), json!({ "reason": "twins" })).await.fault("/reason", "not_one_of");
        coordinator.post(&format!("{path}/dismissal"), json!({})).await.fault("/reason", "required");
        let dismissed = coordinator.post(&format!("{path}/dismissal"), json!({ "reason": "mistyped_document" })).await.expect(200);
        assert_eq!((&dismissed["state"], &dismissed["reason"], &dismissed["settled_by"]), (&json!("dismissed"), &json!("mistyped_document"), &json!(coordinator.id)));
        // Whatever happens to the record afterwards.
        let resident = at("residents", &first);
        let etag = member.get(&resident).await.etag();
        member.patch(&resident, &etag, json!({ "phone": make::phone() })).await.expect(200);
        assert_eq!(pairs(app, &coordinator, "open").await, [] as [Value; 0]);
        assert_eq!(pairs(app, &coordinator, "dismissed").await.len(), 1);
        for (step, body) in [("dismissal", json!({ "reason": "other" })), ("merge", json!({ "keep": first["person_id"] }))] {
            let refused = coordinator.post(&format!("{path}/{step}"), body).await.problem(409, "state_forbids");
            assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("dismissed"), &json!([])), "{step}");
        }
        for step in ["confirmation", "undo"] {
            coordinator.post(&format!("{path}/{step}"), json!({})).await.problem(409, "state_forbids");
        }
    }

    async fn whoever_withdraws_is_in_no_pair(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let document = document();
        let first = member.post("/v1/residents", resident_with(json!({ "document": document }))).await.expect(201);
        member.post("/v1/residents", resident_with(json!({ "document": document }))).await.expect(201);
        let pair = the_pair(app, &coordinator).await;
        make::withdraw(&member, &format!("{}/consents", at("residents", &first)), "registration").await;
        assert_eq!(pairs(app, &coordinator, "open").await, [] as [Value; 0]);
        let path = at("duplicates", &pair);
        coordinator.get(&path).await.problem(404, "not_found");
        coordinator.post(&format!("{path}/merge"), json!({ "keep": first["person_id"] })).await.problem(404, "not_found");
    }

    async fn between_townships_a_county_sees_both_and_a_township_is_told_by_consent(app) {
        let (member, other) = (app.member().await, elsewhere(app).await);
        let (town, county) = (app.coordinator().await, app.user(Role::Coordinator, COUNTY).await);
        let there = app.user(Role::Coordinator, OTHER_TOWN).await;
        // Without consent to liaison: whoever coordinates both places, and nobody else.
        let number = document();
        member.post("/v1/residents", somebody(VILLAGE, &number)).await.expect(201);
        let second = other.post("/v1/residents", somebody(OTHER_TOWN, &number)).await.expect(201);
        assert_eq!(second["warnings"], json!([]), "that somebody lives elsewhere is never told");
        let seen = the_pair(app, &county).await;
        assert_eq!(seen["records"][0]["in_your_area"], true);
        for one in [&town, &there] {
            assert_eq!(pairs(app, one, "open").await, [] as [Value; 0]);
            one.get(&at("duplicates", &seen)).await.problem(404, "not_found");
            assert_eq!(inbox(one).await, [] as [Value; 0]);
        }
        county.post(&format!("{}/dismissal", at("duplicates", &seen)), json!({ "reason": "other" })).await.expect(200);
        // With it: the older record's township is told that there is another, and of that no more than its county.
        let number = document();
        let known = member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
        other.post("/v1/residents", with_liaison(OTHER_TOWN, &number)).await.expect(201);
        let told = the_pair(app, &town).await;
        assert_eq!(told["records"][0]["resident_id"], known["id"]);
        let hidden = &told["records"][1];
        assert_eq!((&hidden["county"], &hidden["in_your_area"]), (&json!(COUNTY), &json!(false)));
        let nothing = |(name, value): (&String, &Value)| name == "county" || name == "in_your_area" || value.is_null();
        assert!(hidden.as_object().unwrap().iter().all(nothing), "{hidden}");
        let notices = inbox(&town).await;
        assert_eq!(notices.len(), 1);
        assert_eq!((&notices[0]["subject_kind"], &notices[0]["subject_id"]), (&json!("resident"), &known["id"]));
        assert_eq!((pairs(app, &there, "open").await.len(), inbox(&there).await.len()), (0, 0));
        // The person can read in the audit that it was told, by no account.
        let audit = town.get(&format!("/v1/audit-entries?record_id={}", known["id"].as_str().unwrap())).await.expect(200);
        let entry = audit["items"].as_array().unwrap().iter().find(|e| e["action"] == "duplicate.tell").unwrap_or_else(|| panic!("{audit}"));
        assert_eq!((&entry["actor_id"], &entry["facts"]["what"]), (&json!(null), &json!("told_of_elsewhere")));
        // They confirm; merging takes somebody who coordinates both places.
        let path = at("duplicates", &told);
        town.post(&format!("{path}/merge"), json!({ "keep": known["person_id"] })).await.problem(403, "forbidden_action");
        let confirmed = town.post(&format!("{path}/confirmation"), json!({})).await.expect(200);
        assert_eq!((&confirmed["state"], &confirmed["settled_by"]), (&json!("confirmed"), &json!(null)));
        let refused = town.post(&format!("{path}/confirmation"), json!({})).await.problem(409, "state_forbids");
        assert_eq!(refused["allowed_actions"], json!(["dismissal", "merge"]));
        assert_eq!(pairs(app, &county, "confirmed").await.len(), 1);
        county.post(&format!("{path}/merge"), json!({ "keep": known["person_id"] })).await.expect(200);
        town.post(&format!("{path}/undo"), json!({})).await.problem(403, "forbidden_action");
    }

    async fn liaison_that_is_agreed_to_later_is_told_later(app) {
        let (member, other, town) = (app.member().await, elsewhere(app).await, app.coordinator().await);
        let number = document();
        let known = member.post("/v1/residents", somebody(VILLAGE, &number)).await.expect(201);
        other.post("/v1/residents", with_liaison(OTHER_TOWN, &number)).await.expect(201);
        assert_eq!(pairs(app, &town, "open").await, [] as [Value; 0]);
        member.post(&format!("{}/consents", at("residents", &known)), consent("liaison_with_home_area")).await.expect(201);
        assert_eq!(pairs(app, &town, "open").await.len(), 1);
        assert_eq!(inbox(&town).await.len(), 1);
        // Withdrawn, whoever was told sees it no more.
        make::withdraw(&member, &format!("{}/consents", at("residents", &known)), "liaison_with_home_area").await;
        assert_eq!(pairs(app, &town, "open").await, [] as [Value; 0]);
    }

    async fn between_counties_nothing_is_kept_without_both_consents(app) {
        let member = app.member().await;
        let far = app.user(Role::Coordinator, OTHER_COUNTY).await;
        let (town, city) = (app.coordinator().await, app.user(Role::Coordinator, CITY).await);
        let there = village_of(&far).await;
        let number = document();
        member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
        far.post("/v1/residents", somebody(&there, &number)).await.expect(201);
        for one in [&town, &city, &far] {
            assert_eq!(pairs(app, one, "open").await, [] as [Value; 0]);
        }
        let number = document();
        member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
        far.post("/v1/residents", with_liaison(&there, &number)).await.expect(201);
        assert_eq!(the_pair(app, &town).await["records"][1]["county"], OTHER_COUNTY);
        assert_eq!(the_pair(app, &city).await["records"][1]["in_your_area"], true);
        assert_eq!(pairs(app, &far, "open").await, [] as [Value; 0]);
    }

    async fn whoever_asks_learns_nothing_of_other_areas(app) {
        let (member, other) = (app.member().await, elsewhere(app).await);
        let number = document();
        member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
        let mut answers = Vec::new();
        for document in [&number, &document()] {
            let answer = other.post("/v1/residents", with_liaison(OTHER_TOWN, document)).await;
            let mut body = answer.json.clone();
            for own in ["id", "person_id", "created_at", "updated_at", "name", "phone"] {
                assert!(body[own].is_string());
                body[own] = json!(null);
            }
            let length = body["document"]["number"].as_str().unwrap().len();
            body["document"]["number"] = json!(length);
            let headers: Vec<(String, String)> = answer.headers.iter()
                // The length goes with the digits of the times, which differ from answer to answer.
                .filter(|(name, _)| !["x-request-id", "date", "location", "ratelimit", "content-length"].contains(&name.as_str()))
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            answers.push((answer.status, headers, body));
        }
        assert_eq!(answers[0], answers[1]);
        // Nor do their own lists and inboxes tell them afterwards.
        let there = app.user(Role::Coordinator, OTHER_TOWN).await;
        assert_eq!(pairs(app, &there, "open").await, [] as [Value; 0]);
        assert_eq!(inbox(&there).await.len() + inbox(&other).await.len(), 0);
        let look_up = |document: &Value| json!({ "document": document });
        assert_eq!(other.post("/v1/residents/look-up", look_up(&document())).await.expect(200)["known_in_area"], false);
    }

    async fn twenty_a_day_are_told_of(app) {
        let (member, other, town) = (app.member().await, elsewhere(app).await, app.coordinator().await);
        for _ in 0..22 {
            let number = document();
            member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
            other.post("/v1/residents", with_liaison(OTHER_TOWN, &number)).await.expect(201);
        }
        let across = |pairs: Vec<Value>| pairs.iter().filter(|p| p["why"] == "same_document").count();
        assert_eq!(across(pairs(app, &town, "open").await), 20);
        assert_eq!(inbox(&town).await.len(), 20);
        // Another one asks by their own count.
        let number = document();
        member.post("/v1/residents", with_liaison(VILLAGE, &number)).await.expect(201);
        elsewhere(app).await.post("/v1/residents", with_liaison(OTHER_TOWN, &number)).await.expect(201);
        assert_eq!(across(pairs(app, &town, "open").await), 21);
    }
}

/// A village of somebody's county.
async fn village_of(coordinator: &Client) -> String {
    let child = |parent: String| async move {
        let path = format!("/v1/areas?parent={parent}");
        let all = coordinator.get(&path).await.expect(200);
        all["items"][0]["code"].as_str().unwrap().to_owned()
    };
    child(child(OTHER_COUNTY.to_owned()).await).await
}

/// A process that is killed the moment it has answered a registration: another one finds the pair.
async fn a_kill_loses_no_pair(backend: Backend) {
    let app = TestApp::start(backend, Vec::new()).await;
    let (member, coordinator) = (app.member().await, app.coordinator().await);
    app.pause().await;
    for _ in 0..3 {
        let number = document();
        let server = Process::start(&app, &[], &[]);
        let body = || somebody(VILLAGE, &number);
        let there = member.at(&server.url);
        there.post("/v1/residents", body()).await.expect(201);
        there.post("/v1/residents", body()).await.expect(201);
        server.kill();
        let server = Process::start(&app, &[], &[]);
        searched(&app).await;
        let path = at(
            "duplicates",
            &the_pair(&app, &coordinator.at(&server.url)).await,
        );
        let dismissal = json!({ "reason": "other" });
        coordinator
            .at(&server.url)
            .post(&format!("{path}/dismissal"), dismissal)
            .await
            .expect(200);
    }
    app.stop().await;
}

#[test]
fn a_kill_loses_no_pair_on_sqlite() {
    actix_web::rt::System::new().block_on(a_kill_loses_no_pair(Backend::Sqlite));
}

#[test]
fn a_kill_loses_no_pair_on_postgres() {
    if postgres::cluster().is_some() {
        actix_web::rt::System::new().block_on(a_kill_loses_no_pair(Backend::Postgres));
    }
}
