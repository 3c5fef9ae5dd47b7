//! What administrators see of pushes and do about them; and a push to oneself.

use crate::support::process::Process;
use crate::support::pushing::*;
use crate::support::*;
use crate::{both, pushing};
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{audit_entries, deliveries};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::VisitReturned;
use qianshou::push::gateway::{FaultKind, FaultRule};

const DAY: i64 = Micros::DAY;
const LETTERS: &str = "/v1/push/dead-letters";

/// Ids of a page of dead letters.
async fn ids(who: &Client, query: &str) -> Vec<String> {
    let page = who.get(&format!("{LETTERS}{query}")).await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|d| d["id"].as_str().unwrap().to_owned())
        .collect()
}

fn row(app: &TestApp, id: Uid) -> (String, i64, Micros) {
    deliveries::table
        .find(id)
        .select((
            deliveries::state,
            deliveries::attempts,
            deliveries::expires_at,
        ))
        .first(&mut app.connection())
        .unwrap()
}

both! {
    async fn dead_letters_are_shown_to_administrators_of_their_receivers(app) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let phone = make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(make::dead_letter(app, &phone).await.to_string());
        }
        made.reverse();
        assert_eq!(ids(&administrator, "").await, made, "newest first");
        let page = administrator.get(&format!("{LETTERS}?limit=2")).await.expect(200);
        let next = page["next_cursor"].as_str().unwrap();
        assert_eq!(ids(&administrator, &format!("?limit=2&cursor={next}")).await, made[2..]);
        let shown = &page["items"][0];
        let mut members: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["attempts", "campaign_id", "code", "created_at", "device_id", "ended_at", "expires_at", "id", "kind", "lane", "notification_id", "provider", "state"], "no token, no name, no text");
        assert_eq!((&shown["device_id"], &shown["code"], &shown["lane"]), (&json!(phone.device), &json!("INVALID_ARGUMENT"), &json!("routine")));
        for (query, count) in [("?provider=fcm", 3), ("?code=INVALID_ARGUMENT", 3), ("?code=INTERNAL", 0), ("?campaign_id=019a8c5e-7c00-7000-8000-5a1f0c3e9b11", 0)] {
            assert_eq!(ids(&administrator, query).await.len(), count, "{query}");
        }
        administrator.get(&format!("{LETTERS}?provider=pigeon")).await.problem(400, "malformed_query");
        for (role, area) in [(Role::Administrator, OTHER_COUNTY), (Role::Administrator, OTHER_TOWN)] {
            assert_eq!(ids(&app.user(role, area).await, "").await, [""; 0]);
        }
        app.coordinator().await.get(LETTERS).await.problem(403, "forbidden_action");
    }

    async fn a_dead_letter_that_is_none_or_has_expired_is_not_sent_again(app) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let phone = make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
        let id = make::dead_letter(app, &phone).await;
        let path = format!("{LETTERS}/{id}/resend");
        app.user(Role::Administrator, OTHER_COUNTY).await.post(&path, json!({})).await.problem(404, "not_found");
        app.coordinator().await.post(&path, json!({})).await.problem(403, "forbidden_action");
        let at = |ahead: i64| json!({ "expires_at": app.now().plus(ahead).to_string() });
        administrator.post(&path, at(-1)).await.fault("/expires_at", "in_the_past");
        administrator.post(&path, at(29 * DAY)).await.fault("/expires_at", "out_of_range");
        administrator.post(&path, json!({ "expires_at": null })).await.fault("/expires_at", "not_null");
        app.advance(2 * DAY);
        let administrator = make::renewed(app, &administrator);
        let refused = administrator.post(&path, json!({})).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("expired"), &json!(["resend_with_expires_at"])));
        let sent = administrator.post(&path, at(DAY)).await.expect(200);
        assert_eq!((&sent["state"], &sent["attempts"]), (&json!("pending"), &json!(0)));
        let refused = administrator.post(&path, json!({})).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("pending"), &json!([])));
        let audited: Vec<(String, Option<Uid>)> = audit_entries::table.filter(audit_entries::record_id.eq(id)).select((audit_entries::action, audit_entries::actor_id)).load(&mut app.connection()).unwrap();
        assert_eq!(audited, [("dead_letter.resend".to_owned(), Some(administrator.id))]);
    }

    async fn many_are_sent_again_by_filter_and_within_a_bound(app) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let phone = make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
        let stranger = app.user(Role::FieldMember, OTHER_TOWN).await;
        let stranger = make::subscribed_phone(app, &stranger, "token-of-a-stranger").await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(make::dead_letter(app, &phone).await);
        }
        let elsewhere = make::dead_letter(app, &stranger).await;
        diesel::update(deliveries::table.find(made[3])).set(deliveries::last_code.eq("INTERNAL")).execute(&mut app.connection()).unwrap();
        diesel::update(deliveries::table.find(made[2])).set(deliveries::expires_at.eq(app.now().0)).execute(&mut app.connection()).unwrap();
        let path = format!("{LETTERS}/resend");
        administrator.post(&path, json!({ "limit": 501 })).await.fault("/limit", "out_of_range");
        administrator.post(&path, json!({ "everything": true })).await.fault("/everything", "unknown_field");
        let town = app.user(Role::Administrator, TOWN).await;
        let done = town.post(&path, json!({ "code": "INVALID_ARGUMENT", "limit": 1 })).await.expect(200);
        assert_eq!(done, json!({ "resent": 1, "more": true }));
        assert_eq!(row(app, made[0]).0, "pending", "the oldest");
        let done = town.post(&path, json!({ "code": "INVALID_ARGUMENT" })).await.expect(200);
        assert_eq!(done, json!({ "resent": 1, "more": false }), "what has expired stays, and so does what is elsewhere");
        let states: Vec<String> = made.iter().chain([&elsewhere]).map(|id| row(app, *id).0).collect();
        assert_eq!(states, ["pending", "pending", "dead_letter", "dead_letter", "dead_letter"]);
        let end = app.now().plus(DAY);
        let done = town.post(&path, json!({ "provider": "fcm", "expires_at": end.to_string() })).await.expect(200);
        assert_eq!(done["resent"], 2);
        assert_eq!(row(app, made[2]), ("pending".into(), 0, end));
        let audited: i64 = audit_entries::table.filter(audit_entries::action.eq("dead_letter.resend")).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(audited, 4, "each has its entry");
        assert_eq!(row(app, elsewhere).0, "dead_letter");
    }

    async fn a_test_is_for_oneself_and_three_within_ten_minutes(app) {
        let member = app.member().await;
        let sent = member.post("/v1/push/test", json!({})).await.expect(200);
        assert_eq!(sent["phones"], 0, "there is none");
        let inbox = member.get("/v1/notifications").await.expect(200);
        assert_eq!((&inbox["items"][0]["id"], &inbox["items"][0]["kind"]), (&sent["notification_id"], &json!("push_test")));
        for _ in 0..2 {
            member.post("/v1/push/test", json!({})).await.expect(200);
        }
        let refused = member.post("/v1/push/test", json!({})).await;
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=601).contains(&wait), "{wait}");
        refused.problem(429, "rate_limited");
        app.member().await.post("/v1/push/test", json!({})).await.expect(200);
        app.advance(11 * Micros::MINUTE);
        make::renewed(app, &member).post("/v1/push/test", json!({})).await.expect(200);
    }

    async fn of_many_tests_at_once_three_are_sent(app) {
        let member = app.member().await;
        let all = (0..12).map(|_| member.post("/v1/push/test", json!({})));
        let mut answers: Vec<u16> = futures_util::future::join_all(all).await.iter().map(|a| a.status).collect();
        answers.sort_unstable();
        assert_eq!(answers, [vec![200; 3], vec![429; 9]].concat());
        let inbox = member.get("/v1/notifications").await.expect(200);
        assert_eq!(inbox["items"].as_array().unwrap().len(), 3);
    }

    async fn a_provider_without_credentials_is_off_and_says_why(app) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let found = administrator.get("/v1/push/providers").await.expect(200);
        let fcm = &found["items"][0];
        assert_eq!((&fcm["provider"], &fcm["on"], &fcm["state"]), (&json!("fcm"), &json!(false), &json!("working")));
        assert_eq!(fcm["why_off"], "push.fcm_account names no service account");
        app.coordinator().await.get("/v1/push/providers").await.problem(403, "forbidden_action");
    }
}

pushing! {
    async fn a_dead_letter_is_sent_again_with_a_fresh_set_of_tries(app, gateway) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let phone = member_with_phone(app, "token-of-a-phone").await;
        gateway.add_faults(vec![FaultRule::new(FaultKind::InvalidArgument).times(1)]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        let dead = stands(app, told, "dead_letter").await;
        assert_eq!(ids(&administrator, "").await, [dead.id.to_string()]);
        administrator.post(&format!("{LETTERS}/{}/resend", dead.id), json!({})).await.expect(200);
        let ended = stands(app, told, "accepted").await;
        assert_eq!((ended.id, ended.attempts), (dead.id, 1));
        arrived(gateway, 1).await;
        assert_eq!(ids(&administrator, "").await, [""; 0]);
    }

    async fn how_the_providers_stand(app, gateway) {
        let administrator = app.user(Role::Administrator, COUNTY).await;
        let fcm = || async {
            let found = make::renewed(app, &administrator).get("/v1/push/providers").await.expect(200);
            found["items"].as_array().unwrap().iter().find(|p| p["provider"] == "fcm").unwrap().clone()
        };
        let phone = member_with_phone(app, "token-of-a-phone").await;
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "accepted").await;
        let found = fcm().await;
        assert_eq!((&found["on"], &found["state"], &found["accepted_last_hour"]), (&json!(true), &json!("working"), &json!(1)));
        assert_eq!(found["queued"], json!({ "urgent": 0, "routine": 0, "campaign": 0 }));
        gateway.add_faults(vec![FaultRule::new(FaultKind::ThirdPartyAuthError)]).unwrap();
        tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        let mut found = fcm().await;
        for _ in 0..200 {
            if found["state"] == "stopped" { break; }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            found = fcm().await;
        }
        assert_eq!((&found["reason"], &found["queued"]["routine"]), (&json!("THIRD_PARTY_AUTH_ERROR"), &json!(1)));
        assert!(found["since"].is_string() && found["retry_at"].as_str() > found["since"].as_str());
        qianshou::push::depth::count(&app.data).await;
        let metrics = app.data.metrics.text();
        assert!(metrics.contains("qianshou_push_queue{provider=\"fcm\",lane=\"routine\",state=\"retry\"} 1"), "{metrics}");
        gateway.clear_faults();
        app.advance(2 * Micros::HOUR);
        arrived(gateway, 2).await;
        qianshou::push::depth::count(&app.data).await;
        for _ in 0..100 {
            found = fcm().await;
            if found["state"] == "working" { break; }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        assert_eq!((&found["state"], &found["reason"], &found["accepted_last_hour"]), (&json!("working"), &Value::Null, &json!(1)), "the first was longer ago");
    }

    async fn a_test_rings_ones_own_phones(app, gateway) {
        let phone = member_with_phone(app, "token-of-a-phone").await;
        let sent = phone.post("/v1/push/test", json!({})).await.expect(200);
        assert_eq!(sent["phones"], 1);
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        assert_eq!((&item["data"]["notification_id"], &item["data"]["kind"]), (&sent["notification_id"], &json!("push_test")));
        assert_eq!(item["raw"]["message"]["android"]["priority"], "HIGH");
    }
}

/// The command, beside a running server.
#[test]
fn the_command_tells_what_each_phones_provider_said() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            continue;
        }
        actix_web::rt::System::new().block_on(async move {
            let (gateway, settings, _account) = gateway();
            let app = TestApp::start(backend, vec![("push.worker", "false".into())]).await;
            let phone = member_with_phone(&app, "token-of-a-phone").await;
            let paper = app.member().await;
            app.pause().await;
            let _server = Process::start(&app, &settings, &[]);
            let asked = |login: String, wait: &'static str| {
                let mut command = Process::command(&app, &settings, &[]);
                command.args(["push", "test", "--to", &login, "--wait", wait]);
                let output = command.output().unwrap();
                let said = format!(
                    "{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
                (output.status.success(), said)
            };
            let (passed, said) = asked(phone.login.clone(), "30");
            let device = phone.device.unwrap().to_string();
            assert!(
                passed
                    && said.contains(&device)
                    && said.contains("by fcm: accepted: ok, HTTP 200; tries: 1"),
                "{said}"
            );
            gateway
                .add_faults(vec![FaultRule::new(FaultKind::Unregistered).times(1)])
                .unwrap();
            let (passed, said) = asked(phone.login.clone(), "30");
            assert!(
                !passed && said.contains("dead_token: UNREGISTERED, HTTP 404"),
                "{said}"
            );
            let (passed, said) = asked(paper.login.clone(), "1");
            assert!(!passed && said.contains("has a live push token"), "{said}");
            let (passed, said) = asked("nobody-at-all".into(), "1");
            assert!(!passed && said.contains("there is no account"), "{said}");
            gateway.stop().await;
        });
    }
}
