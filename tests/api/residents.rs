//! Registering residents, and who sees what of them.

use crate::both;
use crate::support::make::{at, consent, registered, resident, resident_with};
use crate::support::*;
use qianshou::auth::policy::Role;

both! {
    async fn registers_with_consent_and_reads_back_in_clear(app) {
        let member = app.member().await;
        let made = member.post("/v1/residents", resident_with(json!({ "phone": "138 1234 5678", "document": { "kind": "resident_id", "number": "33049919900101019x" } }))).await;
        assert!(made.header("location").unwrap().starts_with("/v1/residents/"));
        assert_eq!(made.etag(), "\"1-f\"");
        let made = made.expect(201);
        let read = member.get(&at("residents", &made)).await.expect(200);
        assert_eq!(read["name"], "张伟");
        assert_eq!(read["phone"], "+8613812345678");
        assert_eq!(read["address"], "建设街道百福弄12号");
        assert_eq!(read["view"], "full");
        assert_eq!(read["document"]["number"], "3304**********019X", "a document's number is seen by reveal alone");
        assert_eq!(read["area"], VILLAGE);
    }

    async fn without_consent_nothing_is_stored(app) {
        let member = app.member().await;
        member.post("/v1/residents", resident_with(json!({ "consents": [] }))).await.problem(403, "consent_required");
        member.post("/v1/residents", resident_with(json!({ "consents": [consent("insurance")] }))).await.problem(403, "consent_required");
        assert_eq!(member.get("/v1/residents").await.expect(200)["items"], json!([]));
    }

    async fn each_fault_has_its_pointer(app) {
        let member = app.member().await;
        let cases = [
            (json!({ "document": { "kind": "resident_id", "number": "330499198506150127" } }), "/document/number", "bad_check_digit"),
            (json!({ "document": { "kind": "resident_id", "number": "33049919850631012X" } }), "/document/number", "impossible_date"),
            (json!({ "phone": "12812345678" }), "/phone", "bad_phone"),
            (json!({ "arrived_on": "2026-02-30" }), "/arrived_on", "bad_day"),
            (json!({ "arrived_on": "2099-01-01" }), "/arrived_on", "in_the_future"),
            (json!({ "area": "330411001001" }), "/area", "no_such_area"),
            (json!({ "area": COUNTY }), "/area", "area_too_wide"),
            (json!({ "area": "330402008001" }), "/area", "no_such_area"),
            (json!({ "area": SECOND_VILLAGE }), "/area", "area_outside"),
            (json!({ "pregnant": false }), "/pregnant", "unknown_field"),
            (json!({ "name": null }), "/name", "required"),
            (json!({ "name": "" }), "/name", "too_short"),
            (json!({ "name": "张\u{0}伟" }), "/name", "control_character"),
            (json!({ "sex": "m" }), "/sex", "not_one_of"),
            (json!({ "birth_year": "1985" }), "/birth_year", "wrong_type"),
            (json!({ "birth_year": 1985.5 }), "/birth_year", "wrong_type"),
            (json!({ "birth_year": 1850 }), "/birth_year", "out_of_range"),
            (json!({ "id": "nope" }), "/id", "bad_id"),
            (json!({ "consents": [{ "purpose": "registration", "text_version": 2, "language": "zh-CN", "channel": "in_person", "given_by": "self" }] }), "/consents/0/text_version", "old_text"),
        ];
        for (change, pointer, fault) in cases {
            member.post("/v1/residents", resident_with(change)).await.fault(pointer, fault);
        }
        // 3.0 is an integer.
        member.post("/v1/residents", resident_with(json!({ "birth_year": 1985.0 }))).await.expect(201);
        assert_eq!(member.get("/v1/residents").await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn a_child_is_registered_by_a_guardian(app) {
        let member = app.member().await;
        member.post("/v1/residents", resident_with(json!({ "birth_year": 2020 }))).await.fault("/consents/0/given_by", "not_fitting");
        let mut given = consent("registration");
        given["given_by"] = json!("guardian");
        member.post("/v1/residents", resident_with(json!({ "birth_year": 2020, "consents": [given] }))).await.expect(201);
    }

    async fn a_childs_document_tells_its_age_whatever_else_was_said(app) {
        let member = app.member().await;
        let mut guardian = consent("registration");
        guardian["given_by"] = json!("guardian");
        // Born on 2015-06-15; without a year of birth, and with a wrong one.
        for year in [json!(null), json!(1985)] {
            let child = json!({ "birth_year": year, "document": { "kind": "resident_id", "number": child_number() } });
            member.post("/v1/residents", resident_with(child.clone())).await.fault("/consents/0/given_by", "not_fitting");
            let mut told = child;
            told["consents"] = json!([guardian]);
            let made = member.post("/v1/residents", resident_with(told)).await.expect(201);
            // Nor do they consent by themselves later.
            let consents = format!("{}/consents", at("residents", &made));
            member.post(&consents, consent("photos")).await.fault("/given_by", "not_fitting");
            let mut photos = guardian.clone();
            photos["purpose"] = json!("photos");
            member.post(&consents, photos).await.expect(201);
        }
        let household = make::household(&member).await;
        let body = json!({ "name": "李小明", "sex": "male", "document": { "kind": "resident_id", "number": child_number() }, "consents": [consent("insurance")] });
        member.post(&format!("{}/people", at("households", &household)), body).await.fault("/consents/0/given_by", "not_fitting");
        // Somebody of age whose year was mistyped is of age.
        member.post("/v1/residents", resident_with(json!({ "birth_year": 2020, "document": { "kind": "resident_id", "number": "330499198506150126" } }))).await.expect(201);
    }

    async fn leaves_and_comes_back(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let made = registered(&member).await;
        let path = at("residents", &made);
        let leave = format!("{path}/departure");
        member.post(&leave, json!({})).await.fault("/left_on", "required");
        member.post(&leave, json!({ "left_on": "2099-01-01" })).await.fault("/left_on", "in_the_future");
        member.post(&leave, json!({ "left_on": "2026-02-01" })).await.fault("/left_on", "bad_order");
        member.post(&leave, json!({ "left_on": "2026-06-01", "reason": "tired" })).await.fault("/reason", "not_one_of");
        app.member().await.post(&leave, json!({ "left_on": "2026-06-01" })).await.problem(404, "not_found");
        app.user(Role::Auditor, TOWN).await.post(&leave, json!({ "left_on": "2026-06-01" })).await.problem(403, "forbidden_action");
        let left = member.post(&leave, json!({ "left_on": "2026-06-01", "reason": "returned_home" })).await.expect(200);
        assert_eq!((left["state"].as_str(), left["version"].as_i64()), (Some("left"), Some(2)));
        let again = member.post(&leave, json!({ "left_on": "2026-06-02" })).await.problem(409, "state_forbids");
        assert_eq!((&again["state"], &again["allowed_actions"]), (&json!("left"), &json!(["residence"])));
        let ids = async |state: &str| member.get(&format!("/v1/residents?state={state}")).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!((ids("active").await, ids("left").await), (0, 1));
        let stays = member.get(&format!("{path}/residences")).await.expect(200);
        assert_eq!((&stays["items"][0]["to_day"], &stays["items"][0]["left_reason"]), (&json!("2026-06-01"), &json!("returned_home")));
        let entries = coordinator.get(&format!("/v1/audit-entries?action=residence.write&record_id={}", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&entries["items"][0]["reason"], &entries["items"][0]["facts"]["to"]), (&json!("returned_home"), &json!("left")));
        let back = |day: &str| json!({ "area": VILLAGE, "from_day": day, "reason": "work" });
        member.post(&format!("{path}/residences"), back("2026-05-01")).await.fault("/from_day", "bad_order");
        member.post(&format!("{path}/residences"), back("2026-06-05")).await.expect(201);
        assert_eq!(member.get(&path).await.expect(200)["state"], "active");
        assert_eq!((ids("active").await, ids("left").await), (1, 0));
    }

    async fn language_and_contact_hours_are_coded_and_masked(app) {
        let member = app.member().await;
        for (field, value, fault) in [
            ("language", "贵州话", "bad_pattern"),
            ("language", "x", "too_short"),
            ("contact_hours", "evenings", "too_short"),
            ("contact_hours", "18:00-25:00", "bad_pattern"),
            ("contact_hours", "18.00-20.00", "bad_pattern"),
        ] {
            member.post("/v1/residents", resident_with(json!({ field: value }))).await.fault(&format!("/{field}"), fault);
        }
        let made = member.post("/v1/residents", resident_with(json!({ "language": "hsn", "contact_hours": "18:00-20:00" }))).await.expect(201);
        let path = at("residents", &made);
        let full = member.get(&path).await.expect(200);
        assert_eq!((&full["language"], &full["contact_hours"]), (&json!("hsn"), &json!("18:00-20:00")));
        let masked = app.coordinator().await.get(&path).await.expect(200);
        assert_eq!((&masked["language"], &masked["contact_hours"]), (&json!(null), &json!(null)));
        let properties = qianshou::app::contract().value["components"]["schemas"]["Resident"]["properties"].clone();
        assert!(properties["language"]["x-masked"] == true && properties["contact_hours"]["x-masked"] == true);
    }

    async fn who_sees_what(app) {
        let member = app.member().await;
        let path = at("residents", &registered(&member).await);
        let coordinator = app.coordinator().await;
        let masked = coordinator.get(&path).await;
        assert_eq!(masked.etag(), "\"1-m\"");
        let masked = masked.expect(200);
        assert_eq!((masked["view"].as_str(), masked["name"].as_str(), masked["address"].as_str()), (Some("masked"), Some("张*"), Some("***")));
        assert!(masked["phone"].as_str().unwrap().contains("****"));
        // Somebody else's member of the same village, another township, another county: not there.
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await, app.user(Role::Coordinator, OTHER_COUNTY).await] {
            stranger.get(&path).await.problem(404, "not_found");
            assert_eq!(stranger.get("/v1/residents").await.expect(200)["items"], json!([]));
        }
        for role in [Role::CampaignOrganiser, Role::Officer, Role::CareOfficer, Role::Administrator, Role::Auditor] {
            app.user(role, CITY).await.get(&path).await.problem(403, "forbidden_action");
        }
        app.anonymous().get(&path).await.problem(401, "reauth_required");
    }

    async fn a_reveal_has_a_reason_and_stands_in_the_audit(app) {
        let member = app.member().await;
        let made = member.post("/v1/residents", resident_with(json!({ "document": { "kind": "resident_id", "number": "330499198506150126" } }))).await.expect(201);
        let path = at("residents", &made);
        let coordinator = app.coordinator().await;
        coordinator.post(&format!("{path}/reveal"), json!({})).await.fault("/reason", "required");
        coordinator.post(&format!("{path}/reveal"), json!({ "reason": "curious" })).await.fault("/reason", "not_one_of");
        let clear = coordinator.post(&format!("{path}/reveal"), json!({ "reason": "claim_help" })).await.expect(200);
        assert_eq!((clear["name"].as_str(), clear["document"]["number"].as_str()), (Some("张伟"), Some("330499198506150126")));
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?action=resident.reveal&record_id={}", made["id"].as_str().unwrap())).await.expect(200);
        let entries = entries["items"].as_array().unwrap().clone();
        assert_eq!(entries.len(), 1, "the two refused ones revealed nothing");
        assert_eq!((entries[0]["actor_id"].as_str(), entries[0]["reason"].as_str()), (Some(coordinator.id.to_string().as_str()), Some("claim_help")));
        app.user(Role::Coordinator, OTHER_TOWN).await.post(&format!("{path}/reveal"), json!({ "reason": "claim_help" })).await.problem(404, "not_found");
    }

    async fn amends_by_merge_patch_with_if_match(app) {
        let member = app.member().await;
        let made = member.post("/v1/residents", resident()).await;
        let etag = made.etag();
        let path = at("residents", &made.expect(201));
        reqwest_patch_without_if_match(&member, &path).await.problem(428, "precondition_required");
        let after = member.patch(&path, &etag, json!({ "name": "张大伟", "employer": "嘉兴市南湖纺织厂", "birth_year": null })).await;
        let next = after.etag();
        let after = after.expect(200);
        assert_eq!((after["name"].as_str(), after["employer"].as_str(), after["version"].as_i64()), (Some("张大伟"), Some("嘉兴市南湖纺织厂"), Some(2)));
        assert_eq!(after["birth_year"], json!(null));
        assert_eq!(after["address"], "建设街道百福弄12号", "what the patch does not name stays");
        member.patch(&path, &etag, json!({ "name": "李" })).await.problem(412, "version_conflict");
        member.patch(&path, &next, json!({ "name": null })).await.fault("/name", "not_null");
        member.patch(&path, &next, json!({ "version": 9 })).await.fault("/version", "unknown_field");
        member.patch(&path, "3", json!({})).await.problem(400, "malformed_header");
        // Mini-programs cannot send PATCH.
        let overridden = member.request(reqwest::Method::POST, &path).header("x-http-method-override", "PATCH").header("if-match", &next);
        assert_eq!(Answer::of(overridden.json(&json!({ "reason": "family" }))).await.expect(200)["reason"], "family");
        // Masked, the same version has another tag; If-Match takes either.
        let coordinator = app.coordinator().await;
        coordinator.patch(&path, &coordinator.get(&path).await.etag(), json!({ "reason": "study" })).await.expect(200);
        let held = coordinator.get(&path).await.etag();
        let again = coordinator.request(reqwest::Method::GET, &path).header("if-none-match", held);
        assert_eq!(Answer::of(again).await.status, 304);
    }

    async fn withdrawing_registration_takes_the_record_out_of_use(app) {
        let member = app.member().await;
        let phone = make::phone();
        let made = member.post("/v1/residents", resident_with(json!({ "phone": phone }))).await.expect(201);
        let path = at("residents", &made);
        let given = member.post(&format!("{path}/consents"), consent("insurance")).await.expect(201);
        member.post(&format!("{path}/consents"), consent("insurance")).await.problem(409, "already_exists");
        let withdrawal = format!("{path}/consents/{}/withdrawal", given["id"].as_str().unwrap());
        member.post(&withdrawal, json!({ "channel": "phone" })).await.expect(200);
        member.post(&withdrawal, json!({ "channel": "phone" })).await.problem(409, "state_forbids");
        let all = member.get(&format!("{path}/consents")).await.expect(200);
        let registration = all["items"].as_array().unwrap().iter().find(|k| k["purpose"] == "registration").unwrap().clone();
        member.post(&format!("{path}/consents/{}/withdrawal", registration["id"].as_str().unwrap()), json!({ "channel": "in_person" })).await.expect(200);
        member.get(&path).await.problem(404, "not_found");
        assert_eq!(member.get("/v1/residents").await.expect(200)["items"], json!([]));
        let found = member.post("/v1/residents/look-up", json!({ "phone": phone })).await.expect(200);
        assert_eq!((found["known_in_area"].as_bool(), found["resident_ids"].as_array().unwrap().len()), (Some(false), 0));
    }

    async fn a_look_up_tells_only_of_the_own_area(app) {
        let (member, phone) = (app.member().await, make::phone());
        let made = member.post("/v1/residents", resident_with(json!({ "phone": phone, "document": { "kind": "resident_id", "number": "330499198506150126" } }))).await.expect(201);
        let by_phone = json!({ "phone": phone });
        let mine = member.post("/v1/residents/look-up", by_phone.clone()).await.expect(200);
        assert_eq!(mine, json!({ "known_in_area": true, "resident_ids": [made["id"]] }));
        let colleague = app.member().await.post("/v1/residents/look-up", json!({ "document": { "kind": "resident_id", "number": "330499198506150126" } })).await.expect(200);
        assert_eq!(colleague, json!({ "known_in_area": true, "resident_ids": [] }), "ask the coordinator to assign");
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await.post("/v1/residents/look-up", by_phone).await.expect(200);
        assert_eq!(elsewhere, json!({ "known_in_area": false, "resident_ids": [] }));
        member.post("/v1/residents/look-up", json!({})).await.fault("/phone", "required");
    }

    /// A hostel's telephone is that of many: however many there are elsewhere, who lives here is found.
    async fn a_look_up_finds_who_is_here_among_many_elsewhere(app) {
        let (elsewhere, phone) = (app.user(Role::FieldMember, OTHER_TOWN).await, make::phone());
        for _ in 0..51 {
            let there = resident_with(json!({ "phone": phone, "area": OTHER_TOWN }));
            elsewhere.post("/v1/residents", there).await.expect(201);
        }
        let member = app.member().await;
        let here = member.post("/v1/residents", resident_with(json!({ "phone": phone }))).await.expect(201);
        let found = member.post("/v1/residents/look-up", json!({ "phone": phone })).await.expect(200);
        assert_eq!(found, json!({ "known_in_area": true, "resident_ids": [here["id"]] }));
    }

    async fn a_suspected_duplicate_warns_and_never_blocks(app) {
        let member = app.member().await;
        let twice = json!({ "sex": "female", "document": { "kind": "resident_id", "number": "330499198506150126" } });
        assert_eq!(member.post("/v1/residents", resident_with(twice.clone())).await.expect(201)["warnings"], json!([]));
        assert_eq!(member.post("/v1/residents", resident_with(twice.clone())).await.expect(201)["warnings"], json!(["duplicate_suspected"]));
        // That somebody lives in another place is not told, be it in the same county.
        for area in [SECOND_VILLAGE, OTHER_TOWN] {
            let elsewhere = app.user(Role::FieldMember, area).await;
            let mut body = twice.clone();
            body["area"] = json!(area);
            assert_eq!(elsewhere.post("/v1/residents", resident_with(body)).await.expect(201)["warnings"], json!([]));
        }
    }

    async fn an_assigned_member_sees_in_clear_until_another_is_assigned(app) {
        let (coordinator, first, second) = (app.coordinator().await, app.member().await, app.member().await);
        let path = at("residents", &coordinator.post("/v1/residents", resident()).await.expect(201));
        first.get(&path).await.problem(404, "not_found");
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": first.id })).await.expect(200);
        assert_eq!(first.get(&path).await.expect(200)["name"], "张伟");
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": second.id })).await.expect(200);
        first.get(&path).await.problem(404, "not_found");
        second.get(&path).await.expect(200);
        let outsider = app.user(Role::FieldMember, OTHER_TOWN).await;
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": outsider.id })).await.fault("/assignee", "no_such_record");
        first.put(&format!("{path}/assignee"), json!({ "assignee": first.id })).await.problem(403, "forbidden_action");
    }

    async fn a_move_leaves_the_old_area(app) {
        let town = app.coordinator().await;
        let path = at("residents", &town.post("/v1/residents", resident()).await.expect(201));
        let county = app.user(Role::Coordinator, COUNTY).await;
        town.post(&format!("{path}/residences"), json!({ "area": OTHER_TOWN, "from_day": "2026-06-01", "reason": "work" })).await.fault("/area", "area_outside");
        county.post(&format!("{path}/residences"), json!({ "area": OTHER_TOWN, "from_day": "2026-02-01", "reason": "work" })).await.fault("/from_day", "bad_order");
        county.post(&format!("{path}/residences"), json!({ "area": OTHER_TOWN, "address": "解放路1号", "from_day": "2026-06-01", "reason": "work" })).await.expect(201);
        town.get(&path).await.problem(404, "not_found");
        let other = app.user(Role::Coordinator, OTHER_TOWN).await;
        let stays = other.get(&format!("{path}/residences")).await.expect(200);
        let stays: Vec<_> = stays["items"].as_array().unwrap().iter().map(|s| (s["area"].as_str().unwrap().to_owned(), s["to_day"].clone())).collect();
        assert_eq!(stays, [(OTHER_TOWN.to_owned(), json!(null)), (VILLAGE.to_owned(), json!("2026-06-01"))]);
    }

    async fn a_repeated_create_makes_one_record(app) {
        let member = app.member().await;
        let body = resident();
        let first = member.post_once("/v1/residents", "k1", body.clone()).await.expect(201);
        let again = member.post_once("/v1/residents", "k1", body.clone()).await.expect(201);
        assert_eq!(first["id"], again["id"]);
        member.post_once("/v1/residents", "k1", resident()).await.problem(422, "idempotency_key_reused");
        assert_ne!(app.coordinator().await.post_once("/v1/residents", "k1", body.clone()).await.expect(201)["id"], first["id"], "a key is one caller's own");
        assert_eq!(member.get("/v1/residents").await.expect(200)["items"].as_array().unwrap().len(), 1);
        let mut chosen = resident();
        chosen["id"] = json!("019a8c5e-7c00-7000-8000-000000000001");
        member.post("/v1/residents", chosen.clone()).await.expect(201);
        member.post("/v1/residents", chosen).await.problem(409, "already_exists");
    }

    async fn pages_are_stable_and_bound_to_the_caller(app) {
        let member = app.member().await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(registered(&member).await["id"].clone());
        }
        let mut seen = Vec::new();
        let mut path = "/v1/residents?limit=2".to_owned();
        loop {
            let page = member.get(&path).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|r| r["id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            app.coordinator().await.get(&format!("/v1/residents?limit=2&cursor={next}")).await.problem(400, "cursor_invalid");
            path = format!("/v1/residents?limit=2&cursor={next}");
        }
        made.reverse();
        assert_eq!(seen, made);
        for wrong in ["limit=0", "limit=201", "limit=x", "offset=1", "limit=1&limit=2", "cursor=AAAA"] {
            assert_eq!(member.get(&format!("/v1/residents?{wrong}")).await.status, 400, "{wrong}");
        }
    }
}

async fn reqwest_patch_without_if_match(member: &Client, path: &str) -> Answer {
    Answer::of(
        member
            .request(reqwest::Method::PATCH, path)
            .json(&json!({ "name": "李" })),
    )
    .await
}

/// A resident id of somebody born on 2015-06-15, with its check digit.
fn child_number() -> String {
    let digits = "33049920150615012";
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    format!("{digits}{}", check as char)
}

both! {
    async fn nobody_is_asked_again_and_again(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let path = at("residents", &resident);
        let (given, refused) = (format!("{path}/consents"), format!("{path}/refusals"));
        let no = |purpose: &str| make::consent(purpose);
        let said = member.post(&refused, no("photos")).await.expect(201);
        assert_eq!((&said["refused"], &said["purpose"], said["withdrawn_at"].is_null()), (&json!(true), &json!("photos"), false));
        // They were never asked to it in vain: a no is no consent, and no withdrawal of one.
        let listed = member.get(&given).await.expect(200);
        assert_eq!(listed["items"][0], said);
        member.post(&given, no("photos")).await.fault("/purpose", "asked_again");
        member.post(&refused, no("photos")).await.fault("/purpose", "asked_again");
        // Another purpose is another question, and what they lose is nothing.
        let insurance = member.post(&given, make::consent("insurance")).await.expect(201);
        member.post(&refused, no("insurance")).await.problem(409, "state_forbids");
        member.post(&format!("{given}/{}/withdrawal", insurance["id"].as_str().unwrap()), json!({ "channel": "phone" })).await.expect(200);
        member.post(&given, make::consent("insurance")).await.fault("/purpose", "asked_again");
        // Who comes back of their own accord is heard.
        let mut own = make::consent("insurance");
        own["own_wish"] = json!(true);
        let own = member.post(&given, own).await.expect(201);
        assert_eq!(own["refused"], false);
        // And whether it was so can be asked.
        let audit = format!("/v1/audit-entries?record_id={}", own["id"].as_str().unwrap());
        let entries = app.coordinator().await.get(&audit).await.expect(200);
        assert_eq!(entries["items"][0]["facts"]["what"], "own_wish");
        // A year later they may be asked once more; the purpose of registration cannot be refused, it is what they are here by.
        member.post(&refused, no("registration")).await.problem(409, "state_forbids");
        app.advance(366 * 24 * 3600 * 1_000_000);
        let member = make::renewed(app, &member);
        member.post(&given, make::consent("photos")).await.expect(201);
        let old = json!({ "text_version": 2 });
        let mut wrong = no("care_support");
        wrong["text_version"] = old["text_version"].clone();
        member.post(&refused, wrong).await.fault("/text_version", "old_text");
        app.user(Role::Coordinator, OTHER_TOWN).await.post(&refused, no("membership")).await.problem(404, "not_found");
    }

    async fn a_refusal_of_a_households_person_and_of_a_phone(app) {
        let member = app.member().await;
        let (home, person) = make::lived_in(&member).await;
        let path = format!("{}/people/{}", at("households", &home), person["id"].as_str().unwrap());
        let said = member.post(&format!("{path}/refusals"), make::consent("photos")).await.expect(201);
        assert_eq!((&said["refused"], &said["person_id"]), (&json!(true), &person["id"]));
        let resident = make::registered(&member).await;
        let id = crate::support::syncing::new_id(app);
        let mut op = crate::support::syncing::operation(app, "consent", "refusal", &id, make::consent("membership"));
        op["parent_id"] = resident["id"].clone();
        let done = crate::support::syncing::push_one(app, &member, &op).await;
        assert_eq!(done["outcome"], "applied", "{done}");
        let listed = member.get(&format!("{}/consents", at("residents", &resident))).await.expect(200);
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["refused"]), (&json!(id), &json!(true)));
        // A child's guardian answers for it.
        let child = member.post("/v1/residents", make::resident_with(json!({ "birth_year": 2020,
            "consents": [{ "purpose": "registration", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "guardian" }] }))).await.expect(201);
        member.post(&format!("{}/refusals", at("residents", &child)), make::consent("photos")).await.fault("/given_by", "not_fitting");
    }
}
