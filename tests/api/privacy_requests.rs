//! Requests about one's own data: recorded, accepted, answered by their day, and the export of what is held.

use crate::both;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::privacy::requests;

fn asked(person: &Value, kind: &str) -> Value {
    json!({ "person_id": person, "kind": kind, "asked_by": "self", "channel": "in_person" })
}

fn path(request: &Value) -> String {
    make::at("privacy-requests", request)
}

both! {
    async fn a_request_is_recorded_where_the_person_is_known(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let person = &resident["person_id"];
        let mut body = asked(person, "correction");
        body["fields"] = json!(["phone", "address"]);
        body["told"] = json!("电话和地址都变了。");
        let once = member.post_once("/v1/privacy-requests", "asked-once", body.clone()).await;
        let etag = once.etag();
        let made = once.expect(201);
        let again = member.post_once("/v1/privacy-requests", "asked-once", body.clone()).await.expect(201);
        assert_eq!(again["id"], made["id"]);
        assert_eq!((&made["state"], &made["standing"], &made["fields"]), (&json!("asked"), &json!("on_time"), &body["fields"]));
        assert_eq!((&made["told"], &made["registered_by"]), (&body["told"], &json!(member.id.to_string())));
        // Fifteen working days from today, by the calendar.
        let today = app.now().china_day();
        assert_eq!(made["due_on"], requests::due(today, 15).0.to_string());
        let read = coordinator.get(&path(&made)).await;
        assert_eq!(read.etag(), etag);
        assert_eq!(read.expect(200), made);
        // Whoever is of a household is known, too.
        let (_, other) = make::lived_in(&member).await;
        member.post("/v1/privacy-requests", asked(&other["id"], "access")).await.expect(201);
        // Nobody of elsewhere, and nobody unknown.
        let stranger = app.user(Role::FieldMember, OTHER_TOWN).await;
        stranger.post("/v1/privacy-requests", asked(person, "export")).await.fault("/person_id", "no_such_record");
        member.post("/v1/privacy-requests", asked(&json!(Uid::new(app.now())), "export")).await.fault("/person_id", "no_such_record");
        member.post("/v1/privacy-requests", asked(person, "correction")).await.fault("/fields", "required");
        let mut body = asked(person, "export");
        body["channel"] = json!("receipt");
        member.post("/v1/privacy-requests", body).await.fault("/channel", "not_one_of");
        // Coordinators answer; a field member may not even list them.
        member.get("/v1/privacy-requests").await.problem(403, "forbidden_action");
    }

    async fn a_request_goes_from_asked_to_its_answer(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let made = member.post("/v1/privacy-requests", asked(&resident["person_id"], "restriction")).await.expect(201);
        let step = |name: &str| format!("{}/{name}", path(&made));
        let early = coordinator.post(&step("completion"), json!({})).await.problem(409, "state_forbids");
        assert_eq!(early["state"], "asked");
        app.advance(3 * Micros::DAY);
        let coordinator = make::renewed(app, &coordinator);
        let accepted = coordinator.post(&step("acceptance"), json!({})).await.expect(200);
        assert_eq!((&accepted["state"], &accepted["accepted_by"], &accepted["version"]), (&json!("accepted"), &json!(coordinator.id.to_string()), &json!(2)));
        assert_eq!(accepted["due_on"], requests::due(app.now().china_day(), 15).0.to_string());
        coordinator.post(&step("acceptance"), json!({})).await.problem(409, "state_forbids");
        coordinator.post(&step("export"), json!({})).await.problem(409, "state_forbids");
        let done = coordinator.post(&step("completion"), json!({})).await.expect(200);
        assert_eq!((&done["state"], &done["standing"], &done["allowed_actions"]), (&json!("done"), &json!("answered"), &json!([])));
        coordinator.post(&step("refusal"), json!({ "reason": "not_held" })).await.problem(409, "state_forbids");
    }

    async fn a_refusal_has_its_reason(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let made = member.post("/v1/privacy-requests", asked(&resident["person_id"], "erasure")).await.expect(201);
        let refusal = format!("{}/refusal", path(&made));
        coordinator.post(&refusal, json!({})).await.fault("/reason", "required");
        coordinator.post(&refusal, json!({ "reason": "no" })).await.fault("/reason", "not_one_of");
        coordinator.post(&refusal, json!({ "reason": "other", "note": "x".repeat(501) })).await.fault("/note", "too_long");
        let refused = coordinator.post(&refusal, json!({ "reason": "not_identified", "note": "请带身份证再来一次。" })).await.expect(200);
        assert_eq!((&refused["state"], &refused["refusal"], &refused["refusal_note"]), (&json!("refused"), &json!("not_identified"), &json!("请带身份证再来一次。")));
        // A refused one may be asked again.
        member.post("/v1/privacy-requests", asked(&resident["person_id"], "erasure")).await.expect(201);
        member.post("/v1/privacy-requests", asked(&resident["person_id"], "erasure")).await.problem(409, "already_exists");
    }

    async fn whoever_recorded_a_request_does_not_answer_it(app) {
        let (coordinator, other) = (app.coordinator().await, app.coordinator().await);
        let resident = make::registered(&coordinator).await;
        let made = coordinator.post("/v1/privacy-requests", asked(&resident["person_id"], "access")).await.expect(201);
        coordinator.post(&format!("{}/acceptance", path(&made)), json!({})).await.expect(200);
        coordinator.post(&format!("{}/completion", path(&made)), json!({})).await.problem(403, "self_approval");
        coordinator.post(&format!("{}/refusal", path(&made)), json!({ "reason": "not_held" })).await.problem(403, "self_approval");
        other.post(&format!("{}/completion", path(&made)), json!({})).await.expect(200);
    }

    async fn what_is_late_is_seen(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let made = member.post("/v1/privacy-requests", asked(&resident["person_id"], "export")).await.expect(201);
        let due: qianshou::db::Day = made["due_on"].as_str().unwrap().parse().unwrap();
        let days = due.0.since((jiff::Unit::Day, app.now().china_day())).unwrap().get_days();
        for (after, standing) in [(days - 3, "due_soon"), (3, "due_soon"), (1, "overdue")] {
            app.advance(i64::from(after) * Micros::DAY);
            let coordinator = make::renewed(app, &coordinator);
            let shown = coordinator.get(&path(&made)).await.expect(200);
            assert_eq!(shown["standing"], standing, "{after}");
            let today = app.now().china_day();
            let late = coordinator.get(&format!("/v1/privacy-requests?due_before={today}")).await.expect(200);
            assert_eq!(late["items"].as_array().unwrap().len(), usize::from(standing == "overdue"));
        }
        let coordinator = make::renewed(app, &coordinator);
        assert_eq!(coordinator.get("/v1/privacy-requests?state=accepted").await.expect(200)["items"], json!([]));
        coordinator.get("/v1/privacy-requests?state=late").await.problem(400, "malformed_query");
        coordinator.post(&format!("{}/refusal", path(&made)), json!({ "reason": "not_held" })).await.expect(200);
        let today = app.now().china_day();
        assert_eq!(coordinator.get(&format!("/v1/privacy-requests?due_before={today}")).await.expect(200)["items"], json!([]));
    }

    async fn an_export_is_everything_and_is_told_of(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let body = make::resident_with(json!({ "name": "诸葛明亮", "employer": "南湖纺织厂" }));
        let resident = member.post("/v1/residents", body.clone()).await.expect(201);
        let made = member.post("/v1/privacy-requests", asked(&resident["person_id"], "export")).await.expect(201);
        let export = format!("{}/export", path(&made));
        coordinator.post(&export, json!({})).await.problem(409, "state_forbids");
        coordinator.post(&format!("{}/acceptance", path(&made)), json!({})).await.expect(200);
        member.post(&export, json!({})).await.problem(403, "forbidden_action");
        let record = coordinator.post(&export, json!({})).await.expect(200);
        assert_eq!((&record["person"]["name"], &record["resident"]["employer"]), (&body["name"], &body["employer"]));
        assert_eq!(record["requests"][0]["id"], made["id"]);
        let look = record["looks"].as_array().unwrap().iter().find(|l| l["what"] == "privacy_request.export").unwrap().clone();
        assert_eq!((&look["role"], &look["reason"]), (&json!("coordinator"), &json!("at_persons_request")));
        // One who is kept out of use is given a copy as well.
        make::withdraw(&member, &format!("{}/consents", make::at("residents", &resident)), "registration").await;
        let record = coordinator.post(&export, json!({})).await.expect(200);
        assert_eq!(record["person"]["state"], "restricted");
        assert_eq!(coordinator.get(&path(&made)).await.expect(200)["state"], "accepted");
    }

    async fn an_accepted_erasure_is_carried_out(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let made = member.post("/v1/privacy-requests", asked(&resident["person_id"], "erasure")).await.expect(201);
        member.get(&make::at("residents", &resident)).await.expect(200);
        // Nobody records an erasure and carries it out alone.
        let other = make::registered(&member).await;
        let own = coordinator.post("/v1/privacy-requests", asked(&other["person_id"], "erasure")).await.expect(201);
        coordinator.post(&format!("{}/acceptance", path(&own)), json!({})).await.problem(403, "self_approval");
        let accepted = coordinator.post(&format!("{}/acceptance", path(&made)), json!({})).await.expect(200);
        // From that moment on nobody uses anything of theirs, and nothing stops it.
        assert_eq!(accepted["allowed_actions"], json!([]));
        member.get(&make::at("residents", &resident)).await.problem(404, "not_found");
        for step in ["completion", "refusal"] {
            let body = if step == "refusal" { json!({ "reason": "law_requires_keeping" }) } else { json!({}) };
            coordinator.post(&format!("{}/{step}", path(&made)), body).await.problem(409, "state_forbids");
        }
        while qianshou::privacy::erasure::run(&app.data).await.unwrap() {}
        let shown = coordinator.get(&path(&made)).await.expect(200);
        assert_eq!((&shown["state"], &shown["answered_by"]), (&json!("done"), &Value::Null));
    }

    async fn what_was_said_goes_with_the_person(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        let mut body = asked(&resident["person_id"], "correction");
        body["fields"] = json!(["employer"]);
        body["told"] = json!("单位名称写错了。");
        let made = member.post("/v1/privacy-requests", body).await.expect(201);
        make::withdraw(&member, &format!("{}/consents", make::at("residents", &resident)), "registration").await;
        app.advance(7 * 24 * 3600 * 1_000_000);
        while qianshou::privacy::erasure::run(&app.data).await.unwrap() {}
        let coordinator = make::renewed(app, &coordinator);
        let shown = coordinator.get(&path(&made)).await.expect(200);
        assert_eq!((&shown["told"], &shown["kind"]), (&Value::Null, &json!("correction")));
    }
}
