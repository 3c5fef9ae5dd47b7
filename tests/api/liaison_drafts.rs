//! Drafts of notices: the rules they are made by, and what may be changed of them until they are sent.

use crate::both;
use crate::support::make::{at, consent, withdraw};
use crate::support::notices::*;
use crate::support::phones::{given, id_of};
use crate::support::syncing::{operation, push_one};
use crate::support::*;
use qianshou::db::{Micros, Uid};
use qianshou::sync::Kind;

const DAY: i64 = Micros::DAY;

both! {
    async fn every_rule_refuses_by_its_name(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year"]).await;
        let good = about("registration_notice", &resident, &["name"]);
        let with = |changes: Value| {
            let mut body = good.clone();
            for (key, value) in changes.as_object().unwrap() {
                match value {
                    Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
                    value => body[key] = value.clone(),
                }
            }
            body
        };
        let other_id = Uid::new(app.now());
        let elsewhere = make::resident_with(json!({ "area": OTHER_TOWN }));
        let elsewhere = s.home_member.post("/v1/residents", elsewhere).await.expect(201);
        for (changes, pointer, fault) in [
            (json!({ "kind": "telegram" }), "/kind", "not_one_of"),
            (json!({ "person_id": null }), "/person_id", "required"),
            (json!({ "person_id": other_id }), "/person_id", "no_such_record"),
            (json!({ "person_id": elsewhere["person_id"] }), "/person_id", "no_such_record"),
            (json!({ "fields": [] }), "/fields", "required"),
            (json!({ "fields": ["name", "name"] }), "/fields/1", "repeated"),
            (json!({ "fields": ["name", "needs"] }), "/fields/1", "not_fitting"),
            (json!({ "fields": ["hobby"] }), "/fields/0", "not_one_of"),
            (json!({ "topics": ["contact_office"] }), "/topics", "not_fitting"),
            (json!({ "kind": "information_request" }), "/topics", "required"),
            (json!({ "kind": "information_request", "topics": ["contact_office", "contact_office"] }), "/topics/1", "repeated"),
            (json!({ "to_area": "999999" }), "/to_area", "no_such_area"),
            (json!({ "to_area": VILLAGE }), "/to_area", "not_fitting"),
            (json!({ "to_area": TOWN }), "/to_area", "not_fitting"),
            (json!({ "to_area": OTHER_COUNTY }), "/to_area", "not_fitting"),
            (json!({ "kind": "residence_transfer" }), "/to_area", "required"),
            (json!({ "kind": "residence_transfer", "to_area": OTHER_COUNTY }), "/to_area", "area_too_wide"),
            (json!({ "kind": "residence_transfer", "to_area": "330411101" }), "/to_area", "not_fitting"),
            (json!({ "peer_id": other_id }), "/peer_id", "no_such_record"),
            (json!({ "peer_id": other_id, "office": "秀洲区计生协" }), "/office", "not_fitting"),
            (json!({ "regards": other_id }), "/regards", "not_fitting"),
            (json!({ "kind": "acknowledgement", "fields": [], "person_id": null }), "/regards", "required"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "fields": [] }), "/person_id", "not_fitting"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "person_id": null, "fields": [], "to_area": OTHER_TOWN }), "/to_area", "not_fitting"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "person_id": null, "fields": [], "note": "好" }), "/note", "not_fitting"),
            (json!({ "kind": "arrival_back_notice", "regards": other_id, "person_id": null, "fields": ["name"] }), "/fields/0", "not_fitting"),
            (json!({ "kind": "arrival_back_notice", "regards": other_id, "person_id": null, "fields": [] }), "/regards", "no_such_record"),
            (json!({ "due_days": 0 }), "/due_days", "out_of_range"),
            (json!({ "due_days": 61 }), "/due_days", "out_of_range"),
            (json!({ "office": "\u{7}" }), "/office", "control_character"),
            (json!({ "urgent": true }), "/urgent", "unknown_field"),
        ] {
            let refused = s.member.post(NOTICES, with(changes.clone())).await;
            let of = |v: &Value| v["errors"].as_array().is_some_and(|e| e.iter().any(|e| e["pointer"] == pointer && e["code"] == fault));
            assert!(refused.status == 422 && of(&refused.json), "{changes}: {}", refused.text);
        }
        // Of somebody who named no home area nobody knows to whom; nobody is told who works nowhere here.
        let homeless = make::resident_with(json!({ "home_area": null, "consents": [consent("registration"), consent("liaison_with_home_area")] }));
        let homeless = s.member.post("/v1/residents", homeless).await.expect(201);
        s.member.post(NOTICES, about("registration_notice", &homeless, &["name"])).await.fault("/to_area", "required");
        let far = migrant(&s.member, OTHER_COUNTY, ALL).await;
        s.member.post(NOTICES, about("registration_notice", &far, &["name"])).await.fault("/to_area", "not_fitting");
        // One of a household is no resident.
        let household = make::household(&s.member).await;
        let relative = make::household_person(&s.member, &household, &["registration", "liaison_with_home_area"]).await;
        s.member.post(NOTICES, json!({ "kind": "registration_notice", "person_id": relative["id"], "fields": ["name"] })).await.fault("/person_id", "not_fitting");

        let draft = drafted(&s.member, good.clone()).await;
        s.member.post(NOTICES, with(json!({ "id": draft["id"] }))).await.problem(409, "already_exists");
        // Steps: a state that forbids one names itself and what it allows.
        let forbidden = async |who: &Client, notice: &Value, name: &str, body: Value, state: &str, allowed: &[&str]| {
            let problem = who.post(&step(notice, name), body).await.problem(409, "state_forbids");
            assert_eq!((&problem["state"], &problem["allowed_actions"]), (&json!(state), &json!(allowed)), "{name}");
        };
        forbidden(&s.member, &draft, "reception", json!({}), "draft", &["dispatch", "closure"]).await;
        forbidden(&s.member, &draft, "expiry", json!(null), "draft", &["dispatch", "closure"]).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        forbidden(&s.coordinator, &draft, "dispatch", json!(null), "sent", &[]).await;
        forbidden(&s.member, &draft, "expiry", json!(null), "sent", &[]).await;
        forbidden(&s.member, &draft, "closure", json!({}), "sent", &[]).await;
        forbidden(&s.member, &draft, "reply", json!({ "outcome": "accepted" }), "sent", &[]).await;
        forbidden(&s.coordinator, &draft, "letter", json!(null), "sent", &[]).await;
        let by_letter = s.coordinator.post(&step(&draft, "export"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!(by_letter["allowed_actions"], json!(["letter"]));
        forbidden(&s.home, &came, "acceptance", json!({}), "sent", &["reception"]).await;
        let day = |days: i64| app.now().plus(days * DAY).china_day().to_string();
        s.home.post(&step(&came, "reception"), json!({ "on": day(1) })).await.fault("/on", "in_the_future");
        s.home.post(&step(&came, "reception"), json!({ "on": day(-1) })).await.fault("/on", "bad_order");
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        forbidden(&s.home, &came, "reception", json!({}), "received", &["acceptance", "rejection"]).await;
        s.home.post(&step(&came, "rejection"), json!({})).await.fault("/note", "required");
        s.home.post(&step(&came, "acceptance"), json!({ "area": OTHER_TOWN })).await.fault("/area", "not_fitting");
        s.home.post(&step(&came, "rejection"), json!({ "note": "查无此人。" })).await.expect(200);
        forbidden(&s.home, &came, "closure", json!({}), "declined", &[]).await;
        let out = read(&s.member, &draft).await;
        assert_eq!((&out["state"], &out["told"], &out["allowed_actions"]), (&json!("declined"), &json!([]), &json!(["closure"])));
        s.member.post(&step(&draft, "closure"), json!({ "because": "tired" })).await.fault("/because", "not_one_of");
        s.member.post(&step(&draft, "closure"), json!({})).await.expect(200);
        // A draft that is dropped.
        let dropped = drafted(&s.member, good).await;
        let dropped = s.member.post(&step(&dropped, "closure"), json!({})).await.expect(200);
        assert_eq!(dropped["closed_because"], "dropped");
        // What fields somebody agrees to.
        let path = format!("{}/liaison-fields", at("residents", &resident));
        s.member.put(&path, json!({ "fields": ["sex", "sex"] })).await.fault("/fields/1", "repeated");
        s.member.put(&path, json!({ "fields": ["hobby"] })).await.fault("/fields/0", "not_one_of");
        let silent = migrant(&s.member, OTHER_TOWN, &["registration"]).await;
        let path = format!("{}/liaison-fields", at("residents", &silent));
        s.member.put(&path, json!({ "fields": [] })).await.problem(403, "consent_required");
        s.member.get(&path).await.problem(403, "consent_required");
    }

    async fn a_draft_is_amended_until_it_is_sent(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year"]).await;
        let mut body = about("registration_notice", &resident, &["name"]);
        body["note"] = json!("请协助核对。");
        let draft = drafted(&s.member, body).await;
        let path = at("liaison-notices", &draft);
        let first = s.member.get(&path).await.etag();
        let patch = async |body: Value| {
            let etag = s.member.get(&path).await.etag();
            s.member.patch(&path, &etag, body).await
        };
        let after = patch(json!({ "fields": ["birth_year", "name"], "note": "请登记。", "due_days": 5 })).await.expect(200);
        assert_eq!((&after["fields"], &after["note"], &after["due_days"], &after["version"]), (&json!(["name", "birth_year"]), &json!("请登记。"), &json!(5), &json!(2)));
        assert_eq!((&after["state"], &after["told"], &after["code"], &after["kind"]), (&json!("draft"), &json!([]), &draft["code"], &draft["kind"]));
        // To whom it goes: an office by letter and back, and narrower within the home area.
        let letter = patch(json!({ "office": "秀洲区计生协" })).await.expect(200);
        assert_eq!((&letter["office"], &letter["note"]), (&json!("秀洲区计生协"), &json!("请登记。")));
        let back = patch(json!({ "office": null, "note": null, "to_area": "330402008016" })).await.expect(200);
        assert_eq!((&back["office"], &back["note"], &back["other_area"]), (&json!(null), &json!(null), &json!("330402008016")));
        let back = patch(json!({ "to_area": OTHER_TOWN, "note": "请登记。" })).await.expect(200);
        assert_eq!(back["other_area"], OTHER_TOWN);
        // The rules are those by which it was drafted.
        for (body, pointer, fault) in [
            (json!({ "fields": [] }), "/fields", "required"),
            (json!({ "fields": null }), "/fields", "not_null"),
            (json!({ "fields": ["needs"] }), "/fields/0", "not_fitting"),
            (json!({ "fields": ["name", "name"] }), "/fields/1", "repeated"),
            (json!({ "topics": ["contact_office"] }), "/topics", "not_fitting"),
            (json!({ "to_area": VILLAGE }), "/to_area", "not_fitting"),
            (json!({ "to_area": OTHER_COUNTY }), "/to_area", "not_fitting"),
            (json!({ "to_area": "999999" }), "/to_area", "no_such_area"),
            (json!({ "peer_id": Uid::new(app.now()) }), "/peer_id", "no_such_record"),
            (json!({ "peer_id": Uid::new(app.now()), "office": "秀洲区计生协" }), "/office", "not_fitting"),
            (json!({ "due_days": 61 }), "/due_days", "out_of_range"),
            (json!({ "note": "\u{7}" }), "/note", "control_character"),
            (json!({ "kind": "service_referral" }), "/kind", "unknown_field"),
            (json!({ "person_id": resident["person_id"] }), "/person_id", "unknown_field"),
        ] {
            patch(body).await.fault(pointer, fault);
        }
        let refused = patch(json!({ "fields": ["name", "sex"] })).await.problem(403, "consent_required");
        assert_eq!(refused["errors"][0]["pointer"], "/fields/1");
        s.member.patch(&path, &first, json!({ "due_days": 6 })).await.problem(412, "version_conflict");
        let bare = s.member.request(reqwest::Method::PATCH, &path).json(&json!({ "due_days": 6 }));
        Answer::of(bare).await.problem(428, "precondition_required");
        s.home.patch(&path, &first, json!({ "due_days": 6 })).await.problem(404, "not_found");
        // What was refused changed nothing, and what is sent is the draft as it was amended.
        let kept = s.member.get(&path).await.expect(200);
        assert_eq!((&kept["fields"], &kept["due_days"], &kept["version"]), (&json!(["name", "birth_year"]), &json!(5), &back["version"]));
        let out = sent(&s.coordinator, &draft).await;
        assert_eq!(told(&read(&s.member, &out).await)["birth_year"], "1985");
        let came = newest(&s.home, "in").await;
        assert_eq!(told(&came).len(), 2);
        let late = patch(json!({ "due_days": 6 })).await.problem(409, "state_forbids");
        assert_eq!((&late["state"], &late["allowed_actions"]), (&json!("sent"), &json!([])));
        let there = s.home.get(&at("liaison-notices", &came)).await.etag();
        s.home.patch(&at("liaison-notices", &came), &there, json!({ "note": "改" })).await.problem(409, "state_forbids");
        // Withdrawn, there is no draft any more.
        let other = drafted(&s.member, about("registration_notice", &resident, &["name"])).await;
        let etag = s.member.get(&at("liaison-notices", &other)).await.etag();
        withdraw(&s.member, &format!("{}/consents", at("residents", &resident)), "liaison_with_home_area").await;
        s.member.patch(&at("liaison-notices", &other), &etag, json!({ "due_days": 6 })).await.problem(412, "version_conflict");
        let etag = s.member.get(&at("liaison-notices", &other)).await.etag();
        let gone = s.member.patch(&at("liaison-notices", &other), &etag, json!({ "due_days": 6 })).await.problem(409, "state_forbids");
        assert_eq!(gone["state"], "closed");
    }

    async fn of_an_answer_nothing_but_its_words_is_amended(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (_, came) = accepted(&s, &resident, &["name"]).await;
        let asked = json!({ "kind": "information_request", "regards": came["id"], "topics": ["contact_office"] });
        let draft = drafted(&s.home, asked).await;
        let path = at("liaison-notices", &draft);
        let patch = async |body: Value| {
            let etag = s.home.get(&path).await.etag();
            s.home.patch(&path, &etag, body).await
        };
        let after = patch(json!({ "topics": ["services_at_home"], "note": "请告知。", "due_days": 3 })).await.expect(200);
        assert_eq!((&after["topics"], &after["due_days"], &after["other_area"]), (&json!(["services_at_home"]), &json!(3), &json!(VILLAGE)));
        for (body, pointer, fault) in [
            (json!({ "fields": ["name"] }), "/fields", "not_fitting"),
            (json!({ "to_area": VILLAGE }), "/to_area", "not_fitting"),
            (json!({ "office": "某计生协" }), "/office", "not_fitting"),
            (json!({ "peer_id": Uid::new(app.now()) }), "/peer_id", "not_fitting"),
            (json!({ "topics": [] }), "/topics", "required"),
        ] {
            patch(body).await.fault(pointer, fault);
        }
        s.home.post(&step(&draft, "dispatch"), json!(null)).await.expect(200);
        let question = newest(&s.coordinator, "in").await;
        assert_eq!(question["topics"], json!(["services_at_home"]));
    }

    async fn two_who_amend_a_draft_merge_field_by_field(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let draft = drafted(&s.member, about("registration_notice", &resident, &["name"])).await;
        let (path, id) = (at("liaison-notices", &draft), draft["id"].as_str().unwrap());
        let etag = s.coordinator.get(&path).await.etag();
        s.coordinator.patch(&path, &etag, json!({ "due_days": 20, "note": "请核对。" })).await.expect(200);
        let phone = async |base: i64, changed: Value| {
            let mut op = operation(app, "liaison_notice", "update", id, changed);
            op["base_version"] = json!(base);
            push_one(app, &s.member, &op).await
        };
        let merged = phone(1, json!({ "fields": ["name", "phone"] })).await;
        assert_eq!((&merged["outcome"], &merged["version"]), (&json!("merged"), &json!(3)), "{merged}");
        let both = phone(1, json!({ "due_days": 7, "office": "秀洲区计生协" })).await;
        assert_eq!((&both["outcome"], &both["fields"]), (&json!("conflict"), &json!(["due_days"])), "{both}");
        let stands = read(&s.member, &draft).await;
        assert_eq!((&stands["due_days"], &stands["note"], &stands["office"], &stands["fields"]), (&json!(20), &json!("请核对。"), &json!("秀洲区计生协"), &json!(["name", "phone"])));
        let held = given(app, &s.member, Kind::LiaisonNotice, &[id_of(&draft)]).await;
        assert_eq!(held[&id_of(&draft)], stands);
        // What REST refuses is refused, by the same pointer.
        let refused = phone(4, json!({ "fields": ["needs"] })).await;
        assert_eq!((&refused["outcome"], &refused["problem"]["errors"][0]["pointer"]), (&json!("rejected"), &json!("/changed/fields/0")), "{refused}");
        sent(&s.coordinator, &draft).await;
        let late = phone(4, json!({ "topics": [] })).await;
        assert_eq!((&late["outcome"], &late["problem"]["code"]), (&json!("rejected"), &json!("state_forbids")), "{late}");
    }

    async fn what_waits_about_one_person_is_bounded(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let body = about("registration_notice", &resident, &["name"]);
        let mut first = Value::Null;
        for n in 0..50 {
            let draft = drafted(&s.member, body.clone()).await;
            if n == 0 {
                first = draft;
            }
        }
        s.member.post(NOTICES, body.clone()).await.fault("/person_id", "too_many");
        // What is there goes on, and closed it makes room.
        let etag = s.member.get(&at("liaison-notices", &first)).await.etag();
        s.member.patch(&at("liaison-notices", &first), &etag, json!({ "due_days": 6 })).await.expect(200);
        s.member.post(&step(&first, "closure"), json!({})).await.expect(200);
        drafted(&s.member, body).await;
    }

}
