//! The person's own receipt: who hands it out, what it shows, and what it never tells.

use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::db::schema::{person_receipts, sign_in_attempts};

/// A receipt for a record at this path; answers its code.
pub async fn code_for(client: &Client, path: &str) -> String {
    let made = client.post(&format!("{path}/receipts"), json!({})).await;
    made.expect(201)["code"].as_str().unwrap().to_owned()
}

pub async fn view(app: &TestApp, code: &str) -> Value {
    let body = json!({ "code": code });
    app.anonymous()
        .post("/v1/receipt/view", body)
        .await
        .expect(200)
}

/// The live consent of a record to this purpose.
pub fn consent_of(record: &Value, purpose: &str) -> Value {
    let all = record["consents"].as_array().unwrap();
    let live = |k: &&Value| k["purpose"] == purpose && k["withdrawn_at"].is_null();
    all.iter().find(live).unwrap_or_else(|| panic!("{purpose}"))["id"].clone()
}

/// What a refusal says, without the ids of its request.
fn bare(answer: Answer) -> (u16, Value) {
    let mut json = answer.json;
    json.as_object_mut().unwrap().remove("instance");
    (answer.status, json)
}

both! {
    async fn whoever_looks_after_somebody_hands_them_a_receipt(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let path = format!("{}/receipts", at("residents", &resident));
        let made = member.post(&path, json!({})).await;
        let location = made.header("location").unwrap().to_owned();
        let made = made.expect(201);
        let code = made["code"].as_str().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (34, 6));
        assert!(made["url"].as_str().unwrap().ends_with(&format!("/r#{code}")));
        assert!(made["qr_svg"].as_str().unwrap().starts_with("<svg"));
        assert!(location.starts_with(&path) && location.ends_with(made["id"].as_str().unwrap()));
        // Two years, in days.
        let stamp = |field: &str| made[field].as_str().unwrap().parse::<Micros>().unwrap();
        assert_eq!(stamp("expires_at").0 - stamp("issued_at").0, 730 * Micros::DAY);
        let other = app.member().await;
        other.post(&path, json!({})).await.problem(404, "not_found");
        other.get(&path).await.problem(404, "not_found");
        member.post(&path, json!({ "days": 5 })).await.problem(422, "unknown_field");
        // A second one leaves the first good; the coordinator may make one, too.
        coordinator.post(&path, json!({})).await.expect(201);
        let listed = member.get(&path).await;
        assert!(!listed.text.contains(code) && !listed.text.contains("hash"));
        assert_eq!(listed.expect(200)["items"].as_array().unwrap().len(), 2);
        view(app, code).await;
        // Typed by hand, without hyphens and in small letters.
        view(app, &code.replace('-', "").to_lowercase()).await;
        // After a loss the new one ends the others; a sixth ends the oldest.
        let new = member.post(&path, json!({ "revoke_earlier": true })).await.expect(201);
        app.anonymous().post("/v1/receipt/view", json!({ "code": code })).await.problem(401, "code_not_valid");
        for _ in 0..5 {
            member.post(&path, json!({})).await.expect(201);
        }
        app.anonymous().post("/v1/receipt/view", json!({ "code": new["code"] })).await.problem(401, "code_not_valid");
        let live: i64 = person_receipts::table.filter(person_receipts::revoked_at.is_null()).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(live, 5);
        let revocation = format!("{path}/{}/revocation", new["id"].as_str().unwrap());
        member.post(&revocation, json!({})).await.problem(409, "state_forbids");
    }

    async fn a_receipt_shows_what_is_held_and_who_looked(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let body = make::resident_with(json!({ "name": "欧阳慧敏", "employer": "嘉兴市南湖纺织厂",
            "document": { "kind": "resident_id", "number": "330499198506150126" }, "sex": "female", "birth_year": null }));
        let resident = member.post("/v1/residents", body.clone()).await.expect(201);
        let path = at("residents", &resident);
        coordinator.post(&format!("{path}/reveal"), json!({ "reason": "claim_help" })).await.expect(200);
        coordinator.get("/v1/sync/pull").await;
        let code = code_for(&member, &path).await;
        let answer = app.anonymous().post("/v1/receipt/view", json!({ "code": code })).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let text = answer.text.clone();
        let record = answer.expect(200);
        let person = &record["person"];
        assert_eq!((&person["name"], &person["address"]), (&body["name"], &body["address"]));
        assert!(person["phone"].as_str().unwrap().ends_with(body["phone"].as_str().unwrap()));
        // In clear but for the number of the document.
        assert_eq!(person["document"]["kind"], "resident_id");
        assert!(!text.contains("330499198506150126") && person["document"]["number"].as_str().unwrap().contains('*'));
        assert_eq!(record["resident"]["employer"], body["employer"]);
        assert_eq!(record["stays"].as_array().unwrap().len(), 1);
        assert_eq!(record["receipts"].as_array().unwrap().len(), 1);
        assert_eq!(record["receipts"][0]["last_used_at"], Value::Null);
        assert_eq!(record["stays"][0]["area_name"], member_area_name(app, VILLAGE).await);
        let consent = &record["consents"][0];
        assert_eq!((&consent["purpose"], &consent["channel"]), (&json!("registration"), &json!("in_person")));
        assert!(consent["purpose_text"].as_str().unwrap().len() > 10);
        // Who looked: role and unit, when and why; nobody by name or id.
        let looks = record["looks"].as_array().unwrap();
        let reveal = looks.iter().find(|l| l["what"] == "resident.reveal").unwrap();
        assert_eq!((&reveal["role"], &reveal["reason"]), (&json!("coordinator"), &json!("claim_help")));
        let town = member_area_name(app, TOWN).await;
        assert_eq!(reveal["unit"], town);
        let registered = looks.iter().find(|l| l["what"] == "resident.register").unwrap();
        assert_eq!(registered["unit"], member_area_name(app, VILLAGE).await);
        for staff in [&member, &coordinator] {
            assert!(!text.contains(&staff.id.to_string()) && !text.contains(&staff.login) && !text.contains("测试用户"));
        }
        // The next look tells when the code was used before, and what the person does is no look of the staff's.
        let again = view(app, &code).await;
        assert!(!again["receipts"][0]["last_used_at"].is_null());
        assert!(again["looks"].as_array().unwrap().iter().all(|l| !l["what"].as_str().unwrap().starts_with("own_record")));
        let exported = app.anonymous().post("/v1/receipt/export", json!({ "code": code })).await.expect(200);
        assert_eq!(exported["person"], again["person"]);
    }

    async fn phones_that_were_given_the_record_are_told_of(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let pulled = coordinator.get("/v1/sync/pull").await.expect(200);
        assert!(pulled["changes"].is_array());
        let code = code_for(&member, &at("residents", &resident)).await;
        // PostgreSQL gives committed rows their place a moment later.
        for _ in 0..100 {
            coordinator.get("/v1/sync/pull").await.expect(200);
            let record = view(app, &code).await;
            let looks = record["looks"].as_array().unwrap().clone();
            if let Some(pull) = looks.iter().find(|l| l["what"] == "sync.pull") {
                assert_eq!((&pull["role"], &pull["reason"]), (&json!("coordinator"), &json!("masked")));
                assert_eq!(pull["unit"], member_area_name(app, TOWN).await);
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the pull was never told of");
    }

    async fn one_of_a_household_sees_its_visits_and_policies(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person) = make::lived_in(&member).await;
        let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
        member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        let visit = member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        let path = format!("{}/people/{}", at("households", &household), person["id"].as_str().unwrap());
        let code = code_for(&coordinator, &path).await;
        // A draft is its author's alone.
        assert_eq!(view(app, &code).await["visits"], json!([]));
        member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        let answer = app.anonymous().post("/v1/receipt/view", json!({ "code": code })).await;
        // What befell a family may stand in the name of its cover.
        assert!(!answer.text.contains("product"));
        let record = answer.expect(200);
        assert_eq!((&record["resident"], &record["household"]["people"]), (&Value::Null, &json!(1)));
        assert_eq!(record["household"]["address"], "建设街道百福弄12号");
        assert_eq!(record["visits"][0], json!({ "on": "2026-05-29", "purpose": "routine", "offered": [] }));
        let held = &record["policies"][0];
        assert_eq!((&held["starts_on"], &held["claims"][0]["state"]), (&json!("2026-01-01"), &json!("reported")));
        let listed = member.get(&format!("{path}/receipts")).await.expect(200);
        let revocation = format!("{path}/receipts/{}/revocation", listed["items"][0]["id"].as_str().unwrap());
        let revoked = member.post(&revocation, json!({})).await.expect(200);
        assert_eq!(revoked["revoked_by"], member.id.to_string());
        app.anonymous().post("/v1/receipt/view", json!({ "code": code })).await.problem(401, "code_not_valid");
    }

    async fn a_wrong_code_tells_nothing_and_locks_nobody_out(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let path = at("residents", &resident);
        let (good, revoked) = (code_for(&member, &path).await, code_for(&member, &path).await);
        let listed = member.get(&format!("{path}/receipts")).await.expect(200);
        let revocation = format!("{path}/receipts/{}/revocation", listed["items"][0]["id"].as_str().unwrap());
        member.post(&revocation, json!({})).await.expect(200);
        let expired = code_for(&member, &path).await;
        // Both codes made so far, as if two years had passed for one.
        let mut c = app.connection();
        let newest = person_receipts::table.order(person_receipts::id.desc()).select(person_receipts::id).first::<qianshou::db::Uid>(&mut c).unwrap();
        diesel::update(person_receipts::table.find(newest)).set(person_receipts::expires_at.eq(app.now().0)).execute(&mut c).unwrap();
        let unknown = "2222-3333-4444-5555-6666-7777-8888";
        let consent = "019a8c5e-7c00-7000-8000-00000000dead";
        let who = app.anonymous();
        let mut told = Vec::new();
        for code in [unknown, revoked.as_str(), expired.as_str()] {
            for (path, body) in [
                ("view", json!({ "code": code })),
                ("export", json!({ "code": code })),
                ("withdrawals", json!({ "code": code, "consent_id": consent })),
                ("consents", json!({ "code": code, "purpose": "photos", "text_version": 1, "language": "en" })),
                ("requests", json!({ "code": code, "kind": "erasure" })),
            ] {
                told.push(bare(who.post(&format!("/v1/receipt/{path}"), body).await));
            }
        }
        assert_eq!(told[0].0, 401);
        assert!(told.iter().all(|t| *t == told[0]), "{told:?}");
        // Counted by address, without keeping it.
        for _ in 15..20 {
            who.post("/v1/receipt/view", json!({ "code": unknown })).await.problem(401, "code_not_valid");
        }
        let late = who.post("/v1/receipt/view", json!({ "code": unknown })).await;
        assert!(late.header("retry-after").unwrap().parse::<u32>().unwrap() > 10);
        late.problem(429, "rate_limited");
        who.post("/v1/receipt/view", json!({ "code": revoked })).await.problem(429, "rate_limited");
        // The right code is nobody's guess.
        view(app, &good).await;
        let kept: Vec<Vec<u8>> = sign_in_attempts::table.select(sign_in_attempts::login_mac).load(&mut c).unwrap();
        assert_eq!((kept.len(), kept[0].len()), (1, 32));
        who.post("/v1/receipt/view", json!({ "code": "2222" })).await.fault("/code", "too_short");
        who.post("/v1/receipt/view", json!({ "code": unknown.replace('-', " ") })).await.fault("/code", "bad_pattern");
        who.post("/v1/receipt/view", json!({})).await.fault("/code", "required");
    }

    async fn a_code_rests_nowhere(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let code = code_for(&member, &at("residents", &resident)).await;
        let raw = code.replace('-', "");
        let wrong = "2222-3333-4444-5555-6666-7777-8888";
        // A server that logs all it can.
        let server = process::Process::start(app, &[("log.filter", "trace".to_owned())], &[]);
        let who = app.anonymous().at(&server.url);
        who.post("/v1/receipt/view", json!({ "code": code })).await.expect(200);
        who.post("/v1/receipt/requests", json!({ "code": code, "kind": "export" })).await.expect(201);
        who.post("/v1/receipt/requests", json!({ "code": code, "kind": "export" })).await.problem(409, "already_exists");
        who.post("/v1/receipt/view", json!({ "code": wrong })).await.problem(401, "code_not_valid");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while server.log().matches("/v1/receipt/").count() < 4 {
            assert!(std::time::Instant::now() < deadline, "{}", server.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let said = server.log();
        assert!(!said.contains(&code) && !said.contains(&raw) && !said.contains(wrong), "{said}");
        drop(server);
        // The audit is read whole when the app stops. Here is what the table holds, and on SQLite the files.
        let mut c = app.connection();
        let stored: Vec<u8> = person_receipts::table.select(person_receipts::code_hash).first(&mut c).unwrap();
        assert_eq!(stored.len(), 32);
        assert!(!stored.windows(raw.len()).any(|w| w == raw.as_bytes()));
        if let qianshou::db::Target::Sqlite(path) = app.data.db.target() {
            for file in [path.clone(), format!("{path}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                for value in [&code, &raw, &raw.to_lowercase()] {
                    assert!(!bytes.windows(value.len()).any(|w| w == value.as_bytes()), "{file}");
                }
            }
        }
    }

    async fn a_receipt_follows_a_merge_and_ends_with_erasure(app) {
        use qianshou::db::schema::persons;
        use qianshou::people::model::PersonState;
        let member = app.member().await;
        let (one, two) = (make::registered(&member).await, make::resident_with(json!({ "name": "司马相如" })));
        let two = member.post("/v1/residents", two).await.expect(201);
        let code = code_for(&member, &at("residents", &one)).await;
        let person = |r: &Value| r["person_id"].as_str().unwrap().parse::<qianshou::db::Uid>().unwrap();
        let mut c = app.connection();
        diesel::update(persons::table.find(person(&one)))
            .set((persons::state.eq(PersonState::Merged), persons::merged_into.eq(person(&two))))
            .execute(&mut c).unwrap();
        assert_eq!(view(app, &code).await["person"]["name"], "司马相如");
        make::erased(app, &two).await;
        let who = app.anonymous();
        who.post("/v1/receipt/view", json!({ "code": code })).await.problem(401, "code_not_valid");
        assert_eq!(person_receipts::table.count().get_result::<i64>(&mut c).unwrap(), 0);
    }

    async fn who_was_merged_sees_and_ends_what_they_had_before(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let body = make::resident_with(json!({ "document": twins::document() }));
        let kept = member.post("/v1/residents", body.clone()).await.expect(201);
        let gone = member.post("/v1/residents", body).await.expect(201);
        let (code, old) = (code_for(&member, &at("residents", &kept)).await, code_for(&member, &at("residents", &gone)).await);
        let who = app.anonymous();
        who.post("/v1/receipt/requests", json!({ "code": old, "kind": "restriction" })).await.expect(201);
        let right = json!({ "person_id": gone["person_id"], "topic": "wages", "asked_on": "2026-03-01" });
        let right = member.post("/v1/rights-requests", right).await.expect(201);
        let answer = json!({ "answer": "已补发", "answered_on": "2026-03-02" });
        member.post(&format!("{}/answer", at("rights-requests", &right)), answer).await.expect(200);
        let pair = at("duplicates", &twins::the_pair(app, &coordinator).await);
        coordinator.post(&format!("{pair}/merge"), json!({ "keep": kept["person_id"] })).await.expect(200);
        // Whichever of the two they hold, it shows what was asked under both, and the answer in clear.
        for code in [&code, &old] {
            let record = view(app, code).await;
            assert_eq!(record["requests"][0]["kind"], "restriction");
            assert_eq!(record["rights_requests"][0]["answer"], "已补发");
            assert_eq!(record["receipts"].as_array().unwrap().len(), 2);
        }
        who.post("/v1/receipt/requests", json!({ "code": code, "kind": "restriction" })).await.problem(409, "already_exists");
        // Staff read it on, and see and end both receipts of who they are now.
        member.get(&at("rights-requests", &right)).await.expect(200);
        let listed = member.get("/v1/rights-requests").await.expect(200);
        assert_eq!(listed["items"][0]["id"], right["id"]);
        let path = format!("{}/receipts", at("residents", &kept));
        let receipts = member.get(&path).await.expect(200);
        assert_eq!(receipts["items"].as_array().unwrap().len(), 2);
        let lost = receipts["items"].as_array().unwrap().iter().find(|r| r["person_id"] == gone["person_id"]).unwrap();
        member.post(&format!("{path}/{}/revocation", lost["id"].as_str().unwrap()), json!({})).await.expect(200);
        who.post("/v1/receipt/view", json!({ "code": old })).await.problem(401, "code_not_valid");
        view(app, &code).await;
        // Kept out of use, what they asked is in nobody's list any more.
        make::withdraw(&member, &format!("{}/consents", at("residents", &kept)), "registration").await;
        member.get(&at("rights-requests", &right)).await.problem(404, "not_found");
        assert_eq!(member.get("/v1/rights-requests").await.expect(200)["items"], json!([]));
    }

    async fn a_receipt_is_ended_by_receipt(app) {
        let member = app.member().await;
        let path = at("residents", &make::registered(&member).await);
        let (one, other) = (code_for(&member, &path).await, code_for(&member, &path).await);
        let stranger = code_for(&member, &at("residents", &make::registered(&member).await)).await;
        let who = app.anonymous();
        let record = view(app, &one).await;
        let second = record["receipts"].as_array().unwrap().iter().find(|r| r["id"] != record["opened_by"]).unwrap();
        // Somebody else's is nobody's.
        let theirs = view(app, &stranger).await["opened_by"].clone();
        let end = |receipt: &Value| json!({ "code": one, "receipt_id": receipt });
        who.post("/v1/receipt/revocation", end(&theirs)).await.problem(404, "not_found");
        let ended = who.post("/v1/receipt/revocation", end(&second["id"])).await.expect(200);
        assert!(!ended["revoked_at"].is_null());
        who.post("/v1/receipt/view", json!({ "code": other })).await.problem(401, "code_not_valid");
        who.post("/v1/receipt/revocation", end(&second["id"])).await.problem(409, "state_forbids");
        who.post("/v1/receipt/revocation", json!({ "code": one })).await.expect(200);
        who.post("/v1/receipt/view", json!({ "code": one })).await.problem(401, "code_not_valid");
        let listed = member.get(&format!("{path}/receipts")).await.expect(200);
        for receipt in listed["items"].as_array().unwrap() {
            assert!(!receipt["revoked_at"].is_null() && receipt["revoked_by"].is_null());
        }
        view(app, &stranger).await;
    }

    async fn consents_are_withdrawn_and_given_by_receipt(app) {
        let (member, who) = (app.member().await, app.anonymous());
        let body = make::resident_with(json!({ "consents": [make::consent("registration"), make::consent("service_follow_up")] }));
        let resident = member.post("/v1/residents", body).await.expect(201);
        let path = at("residents", &resident);
        let code = code_for(&member, &path).await;
        let record = view(app, &code).await;
        let follow_up = consent_of(&record, "service_follow_up");
        let withdrawal = json!({ "code": code, "consent_id": follow_up });
        let withdrawn = who.post("/v1/receipt/withdrawals", withdrawal.clone()).await.expect(200);
        assert_eq!((&withdrawn["withdrawn_channel"], &withdrawn["version"]), (&json!("receipt"), &json!(2)));
        who.post("/v1/receipt/withdrawals", withdrawal).await.problem(409, "state_forbids");
        let other = make::registered(&member).await;
        let others = member.get(&format!("{}/consents", at("residents", &other))).await.expect(200);
        let not_mine = json!({ "code": code, "consent_id": others["items"][0]["id"] });
        who.post("/v1/receipt/withdrawals", not_mine).await.problem(404, "not_found");
        // Staff see it, and the phone's feed has the new version.
        let shown = member.get(&format!("{path}/consents")).await.expect(200);
        assert!(shown["items"].as_array().unwrap().iter().any(|k| k["id"] == follow_up && !k["withdrawn_at"].is_null()));
        assert!(make::feed(app, &json!({ "id": follow_up })).iter().any(|(audience, op, _, _)| *audience == member.id && op == "upsert"));
        // Given again, with nobody as witness.
        let given = json!({ "code": code, "purpose": "service_follow_up", "text_version": 1, "language": "en" });
        let made = who.post("/v1/receipt/consents", given.clone()).await.expect(201);
        assert_eq!((&made["channel"], &made["witnessed_by"], &made["given_by"]), (&json!("receipt"), &Value::Null, &json!("self")));
        who.post("/v1/receipt/consents", given.clone()).await.problem(409, "already_exists");
        let mut old = given;
        old["text_version"] = json!(99);
        old["purpose"] = json!("photos");
        who.post("/v1/receipt/consents", old).await.fault("/text_version", "old_text");
        assert!(make::feed(app, &made).iter().any(|(audience, ..)| *audience == member.id));
        // It is the holder's way alone.
        let mut claimed = make::consent("photos");
        claimed["channel"] = json!("receipt");
        member.post(&format!("{path}/consents"), claimed).await.fault("/channel", "not_one_of");
        let audited: Vec<(Option<qianshou::db::Uid>, Option<String>)> = {
            use qianshou::db::schema::audit_entries as a;
            a::table.filter(a::action.eq("consent.write")).filter(a::role.eq("person")).select((a::actor_id, a::role)).load(&mut app.connection()).unwrap()
        };
        assert_eq!(audited, vec![(None, Some("person".to_owned())); 2]);
    }

    async fn whoever_withdraws_from_registration_keeps_their_receipt(app) {
        let (member, who) = (app.member().await, app.anonymous());
        let body = make::resident_with(json!({ "consents": [make::consent("registration"), make::consent("photos")] }));
        let resident = member.post("/v1/residents", body).await.expect(201);
        let path = at("residents", &resident);
        let code = code_for(&member, &path).await;
        let record = view(app, &code).await;
        let registration = consent_of(&record, "registration");
        who.post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": registration })).await.expect(200);
        member.get(&path).await.problem(404, "not_found");
        member.post(&format!("{path}/receipts"), json!({})).await.problem(404, "not_found");
        let record = view(app, &code).await;
        assert_eq!((&record["person"]["state"], &record["resident"]["state"]), (&json!("restricted"), &json!("restricted")));
        // What is left may be withdrawn, and tells phones of nothing they may not hold.
        let photos = consent_of(&record, "photos");
        who.post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": photos })).await.expect(200);
        assert!(make::feed(app, &json!({ "id": photos })).iter().all(|(_, op, ..)| op != "upsert"));
        let given = json!({ "code": code, "purpose": "registration", "text_version": 1, "language": "en" });
        who.post("/v1/receipt/consents", given).await.problem(403, "consent_withdrawn");
        who.post("/v1/receipt/requests", json!({ "code": code, "kind": "erasure" })).await.expect(201);
    }

    async fn for_a_child_a_guardian_decides_by_receipt_too(app) {
        let (member, who) = (app.member().await, app.anonymous());
        let mut consent = make::consent("registration");
        consent["given_by"] = json!("guardian");
        let body = make::resident_with(json!({ "birth_year": 2020, "consents": [consent] }));
        let resident = member.post("/v1/residents", body).await.expect(201);
        let code = code_for(&member, &at("residents", &resident)).await;
        let mut given = json!({ "code": code, "purpose": "photos", "text_version": 1, "language": "zh-CN" });
        who.post("/v1/receipt/consents", given.clone()).await.fault("/given_by", "not_fitting");
        given["given_by"] = json!("guardian");
        who.post("/v1/receipt/consents", given).await.expect(201);
    }

    async fn requests_are_made_by_receipt(app) {
        let (member, who) = (app.member().await, app.anonymous());
        let waiting = app.coordinator().await;
        let resident = make::registered(&member).await;
        let code = code_for(&member, &at("residents", &resident)).await;
        let ask = |body: Value| {
            let mut body = body;
            body["code"] = json!(code);
            let who = who.clone();
            async move { who.post("/v1/receipt/requests", body).await }
        };
        ask(json!({ "kind": "correction" })).await.fault("/fields", "required");
        ask(json!({ "kind": "erasure", "fields": ["phone"] })).await.fault("/fields", "not_fitting");
        ask(json!({ "kind": "correction", "fields": ["phone", "phone"] })).await.fault("/fields", "repeated");
        ask(json!({ "kind": "deletion" })).await.fault("/kind", "not_one_of");
        ask(json!({ "kind": "correction", "fields": ["phone"], "told": "甲".repeat(501) })).await.fault("/told", "too_long");
        let made = ask(json!({ "kind": "correction", "fields": ["phone"], "told": "我的电话换了，请更正。" })).await.expect(201);
        assert_eq!((&made["state"], &made["kind"]), (&json!("asked"), &json!("correction")));
        ask(json!({ "kind": "erasure" })).await.expect(201);
        ask(json!({ "kind": "erasure" })).await.problem(409, "already_exists");
        let record = view(app, &code).await;
        assert_eq!(record["requests"].as_array().unwrap().len(), 2);
        assert_eq!(record["requests"][1], made);
        for _ in 0..8 {
            ask(json!({ "kind": "correction", "fields": ["other"] })).await.expect(201);
        }
        ask(json!({ "kind": "correction", "fields": ["other"] })).await.problem(409, "already_exists");
        // The area's coordinator finds it, and nobody elsewhere.
        let coordinator = app.coordinator().await;
        let list = coordinator.get("/v1/privacy-requests?kind=correction&limit=200").await.expect(200);
        let mine = list["items"].as_array().unwrap().iter().find(|r| r["id"] == made["id"]).unwrap().clone();
        assert_eq!((&mine["told"], &mine["channel"], &mine["registered_by"]), (&json!("我的电话换了，请更正。"), &json!("receipt"), &Value::Null));
        // Each request is told of once, and says nothing about anybody.
        let told = waiting.get("/v1/notifications?limit=200").await;
        assert!(!told.text.contains("张伟") && !told.text.contains(resident["person_id"].as_str().unwrap()));
        let told = told.expect(200);
        let told = told["items"].as_array().unwrap();
        assert_eq!((told.len(), &told[0]["kind"]), (10, &json!("privacy_requested")));
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await;
        assert_eq!(elsewhere.get("/v1/notifications").await.expect(200)["items"], json!([]));
        assert_eq!(elsewhere.get("/v1/privacy-requests").await.expect(200)["items"], json!([]));
    }
}

/// The name of an area, as its record says it.
async fn member_area_name(app: &TestApp, code: &str) -> Value {
    let member = app.member().await;
    member.get(&format!("/v1/areas/{code}")).await.expect(200)["name"].clone()
}

/// An address that floods the public paths is held back before any code is looked at.
#[test]
fn public_paths_of_receipts_are_throttled() {
    let limits = [
        ("limits.public_per_second", "1"),
        ("limits.public_burst", "3"),
    ];
    run_with(Backend::Sqlite, &limits, |app| {
        Box::pin(async move {
            let body = json!({ "code": "2222-3333-4444-5555-6666-7777-8888" });
            for _ in 0..3 {
                let answer = app.anonymous().post("/v1/receipt/view", body.clone()).await;
                answer.problem(401, "code_not_valid");
            }
            let answer = app.anonymous().post("/v1/receipt/view", body).await;
            answer.problem(429, "rate_limited");
        })
    });
}
