//! Web Push and UnifiedPush: what arrives at a browser, what each answer of a push service means, and that no
//! phone chooses where this server sends to.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::crypto::{BlindColumn, Vault};
use qianshou::db::schema::{delivery_receipts, devices, push_providers};
use qianshou::db::{Micros, Target};
use qianshou::notifications::model::NotificationKind::{CampaignReminder, VisitReturned};
use qianshou::push::gateway::{
    FaultKind, FaultRule, Gateway, GatewayOptions, Query, Running, WebSubscription, Which,
};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const DAY: i64 = Micros::DAY;

async fn web_key(client: &Client) -> String {
    client.get("/v1/push/web-key").await.expect(200)["public_key"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn path_of(phone: &Client) -> String {
    format!("/v1/devices/{}/push-subscription", phone.device.unwrap())
}

fn body_of(provider: &str, s: &WebSubscription) -> Value {
    json!({ "provider": provider, "endpoint": s.endpoint, "keys": { "p256dh": s.p256dh, "auth": s.auth } })
}

/// A member whose browser subscribed at this gateway.
async fn member_with_browser(app: &TestApp, gateway: &Running) -> (Client, WebSubscription) {
    let phone = member_with_phone(app, &format!("replaced-token-{}", make::unique())).await;
    let key = web_key(&phone).await;
    let made = gateway.create_subscription(Some(&key)).unwrap();
    phone
        .put(&path_of(&phone), body_of("web_push", &made))
        .await
        .expect(200);
    (phone, made)
}

/// A browser's subscription whose address is this one.
fn elsewhere(gateway: &Running, endpoint: &str) -> WebSubscription {
    WebSubscription {
        endpoint: endpoint.into(),
        ..gateway.create_subscription(None).unwrap()
    }
}

fn rule(fault: FaultKind) -> FaultRule {
    FaultRule::new(fault).at_web_push()
}

fn refused(gateway: &Running) -> usize {
    gateway
        .received(Query {
            which: Which::Refused,
            limit: Some(1000),
            ..Query::default()
        })
        .len()
}

/// Puts another address behind a phone's subscription, as if it had been allowed once.
fn move_to(app: &TestApp, phone: &Client, endpoint: &str, s: &WebSubscription) {
    let device = phone.device.unwrap();
    let token = json!({ "endpoint": endpoint, "p256dh": s.p256dh, "auth": s.auth }).to_string();
    let vault = &app.data.vault;
    diesel::update(devices::table.find(device))
        .set((
            devices::push_token.eq(vault.seal("devices.push_token", device.0, &token).unwrap()),
            devices::push_token_index.eq(vault.blind(BlindColumn::PushToken, endpoint)),
        ))
        .execute(&mut app.connection())
        .unwrap();
}

pushing! {
    async fn a_browser_reads_what_announces_and_nothing_else(app, gateway) {
        for provider in ["web_push", "unified_push"] {
            gateway.clear_received();
            let phone = member_with_phone(app, &format!("token-before-{provider}")).await;
            let key = web_key(&phone).await;
            let made = gateway.create_subscription(Some(&key)).unwrap();
            let device = phone.put(&path_of(&phone), body_of(provider, &made)).await.expect(200);
            assert_eq!((&device["push_provider"], &device["push_state"]), (&json!(provider), &json!("live")));
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            arrived(gateway, 1).await;
            let ended = stands(app, told, "accepted").await;
            assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
            let item = accepted(gateway)[0].clone();
            assert_eq!((item["provider"].as_str(), item["token"].as_str()), (Some("web_push"), Some(made.id())));
            let inbox = phone.get("/v1/notifications").await.expect(200)["items"][0].clone();
            assert_eq!(item["data"], json!({ "message_id": ended.id, "notification_id": inbox["id"], "kind": "visit_returned", "title": "走访记录已退回", "unread": 1 }));
            let headers = &item["raw"]["headers"];
            assert_eq!(headers["urgency"], "normal");
            let ttl = headers["ttl"].as_i64().unwrap();
            assert!((86_000..=86_400).contains(&ttl), "worth a day: {ttl}");
            assert_eq!(headers["topic"].as_str().unwrap().len(), 22, "one of a notification");
            assert_eq!(item["raw"]["contact"], "mailto:push@qianshou.example");
            let tries: Vec<(String, Option<i64>, Option<String>)> = delivery_receipts::table
                .filter(delivery_receipts::delivery_id.eq(ended.id))
                .select((delivery_receipts::outcome, delivery_receipts::http_status, delivery_receipts::provider_message))
                .load(&mut app.connection()).unwrap();
            assert_eq!(tries, [("accepted".to_owned(), Some(201), None)]);
            // What is for many may wait until the phone is awake.
            tell(app, CampaignReminder, "会员活动日", &[phone.id], DAY).await;
            arrived(gateway, 2).await;
            assert_eq!(accepted(gateway)[1]["raw"]["headers"]["urgency"], "low");
        }
    }

    async fn one_signature_serves_many_messages_and_each_has_a_key_of_its_own(app, gateway) {
        let mut members = Vec::new();
        for _ in 0..10 {
            members.push(member_with_browser(app, gateway).await.0.id);
        }
        for _ in 0..3 {
            tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        }
        arrived(gateway, 30).await;
        // The gateway refuses a sender's key that came before.
        assert_eq!((gateway.stats().refused, gateway.stats().duplicates), (0, 0));
    }

    async fn a_subscription_that_is_gone_ends_the_phones_push_and_nothing_else(app, gateway) {
        for (fault, code) in [(FaultKind::Unregistered, "http_404"), (FaultKind::Gone, "http_410")] {
            let (phone, _) = member_with_browser(app, gateway).await;
            gateway.add_faults(vec![rule(fault).times(1)]).unwrap();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert_eq!(stands(app, told, "dead_token").await.code.as_deref(), Some(code));
            assert_eq!(push_state(app, &phone).await, "dead", "its owner sees it");
            let next = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert!(outbox(app, next).is_empty());
            assert_eq!(phone.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().len(), 2);
            let anew = gateway.create_subscription(Some(&web_key(&phone).await)).unwrap();
            phone.put(&path_of(&phone), body_of("web_push", &anew)).await.expect(200);
            let again = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            stands(app, again, "accepted").await;
        }
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let (phone, _) = member_with_browser(app, gateway).await;
        let cases = [
            (FaultRule { retry_after_s: Some(120), ..rule(FaultKind::QuotaExceeded) }, "http_429", 120),
            (rule(FaultKind::QuotaExceeded), "http_429", 60),
            (FaultRule { retry_after_s: Some(30), ..rule(FaultKind::Unavailable) }, "http_503", 30),
            (FaultRule { retry_after_s: Some(1), ..rule(FaultKind::Unavailable) }, "http_503", 10),
            (rule(FaultKind::Unavailable), "http_503", 10),
            (rule(FaultKind::Internal), "http_500", 10),
            (rule(FaultKind::InsufficientStorage), "http_507", 300),
            (rule(FaultKind::CloseConnection), "connection_lost", 2),
        ];
        for (n, (fault, code, least)) in (1..).zip(cases) {
            gateway.add_faults(vec![fault.times(1)]).unwrap();
            let before = app.now();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let waits = stands(app, told, "retry").await;
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), 1), "case {n}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            assert!(wait >= least && wait <= least + 10, "case {n}: waits {wait} s, asked for {least}");
            app.advance(400 * Micros::SECOND);
            assert_eq!(stands(app, told, "accepted").await.attempts, 2);
            assert_eq!(gateway.stats().accepted, n);
        }
        assert_eq!(gateway.stats().duplicates, 0);
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn a_lost_reply_costs_one_duplicate_with_the_same_id_and_topic(app, gateway) {
        let (phone, _) = member_with_browser(app, gateway).await;
        gateway.add_faults(vec![rule(FaultKind::LoseReply).times(1)]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "retry").await;
        app.advance(60 * Micros::SECOND);
        stands(app, told, "accepted").await;
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (2, 1), "the browser knows it by its message_id");
        let both = accepted(gateway);
        assert_eq!(both[0]["raw"]["headers"]["topic"], both[1]["raw"]["headers"]["topic"]);
    }

    async fn malformed_thrice_while_others_pass_sets_a_subscription_aside(app, gateway) {
        let (odd, odd_one) = member_with_browser(app, gateway).await;
        let (other, _) = member_with_browser(app, gateway).await;
        let of_odd = |fault| FaultRule { token: Some(odd_one.id().into()), ..rule(fault) };
        gateway.add_faults(vec![of_odd(FaultKind::TooLarge).times(1)]).unwrap();
        // Nobody passes there: it may as well be our message.
        let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
        assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some("http_413"));
        assert_eq!((strikes(app, &odd), push_state(app, &odd).await.as_str()), (0, "live"));
        let passed = tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
        stands(app, passed, "accepted").await;
        let faults = [(FaultKind::InvalidArgument, "http_400"), (FaultKind::TooLarge, "http_413"), (FaultKind::Redirect, "http_307")];
        for (n, (fault, code)) in (1..).zip(faults) {
            gateway.add_faults(vec![of_odd(fault).times(1)]).unwrap();
            let before = refused(gateway);
            let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
            assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some(code));
            assert_eq!(refused(gateway), before + 1, "a redirect is not followed: nobody came to the other place");
            let expected = if n < 3 { "live" } else { "dead" };
            assert_eq!(push_state(app, &odd).await, expected, "after {n}");
        }
    }

    async fn a_push_service_that_refuses_us_is_left_alone_and_asked_again_by_itself(app, gateway) {
        for fault in [FaultKind::SenderIdMismatch, FaultKind::Unauthenticated] {
            let (phone, _) = member_with_browser(app, gateway).await;
            let (other, _) = member_with_browser(app, gateway).await;
            gateway.add_faults(vec![rule(fault)]).unwrap();
            let first = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let waits = stands(app, first, "retry").await;
            assert!(waits.next_at.0 - app.now().0 > 50 * Micros::SECOND, "a minute");
            let before = refused(gateway);
            let held = tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
            assert_eq!(stands(app, held, "retry").await.code.as_deref(), Some("origin_held"));
            assert_eq!(refused(gateway), before, "nobody asked meanwhile");
            // One asks for all, and is refused again: then for longer.
            app.advance(70 * Micros::SECOND);
            for _ in 0..200 {
                if refused(gateway) > before { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(refused(gateway), before + 1, "a probe, not a flood");
            gateway.clear_faults();
            // Whichever comes first asks; the other waits for its answer, at most as long as a try takes.
            app.advance(20 * Micros::MINUTE);
            for _ in 0..200 {
                let states = [outbox(app, first)[0].state.clone(), outbox(app, held)[0].state.clone()];
                if states.contains(&"accepted".to_owned()) && !states.contains(&"leased".to_owned()) { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            app.advance(30 * Micros::SECOND);
            stands(app, first, "accepted").await;
            stands(app, held, "accepted").await;
            assert_eq!((push_state(app, &phone).await.as_str(), push_state(app, &other).await.as_str()), ("live", "live"));
            // So that the next case begins with one that took nothing lately.
            app.advance(DAY);
        }
        let stopped: i64 = push_providers::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(stopped, 0, "the provider itself never stops");
    }

    async fn a_refusal_of_one_subscription_where_others_pass_is_that_subscriptions(app, gateway) {
        let (good, _) = member_with_browser(app, gateway).await;
        let passed = tell(app, VisitReturned, "走访记录已退回", &[good.id], DAY).await;
        stands(app, passed, "accepted").await;
        // A browser that subscribed for another key: the push service itself finds out.
        let (stranger, _) = member_with_browser(app, gateway).await;
        let other = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let for_other = gateway.create_subscription(Some(other)).unwrap();
        stranger.put(&path_of(&stranger), body_of("web_push", &for_other)).await.expect(200);
        for n in 1..=3 {
            let told = tell(app, VisitReturned, "走访记录已退回", &[stranger.id], DAY).await;
            assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some("http_403"));
            assert_eq!(push_state(app, &stranger).await, if n < 3 { "live" } else { "dead" });
            let passed = tell(app, VisitReturned, "走访记录已退回", &[good.id], DAY).await;
            stands(app, passed, "accepted").await;
        }
    }

    async fn an_endpoint_that_moved_to_another_account_is_the_newer_ones(app, gateway) {
        let (first, made) = member_with_browser(app, gateway).await;
        let (second, _) = member_with_browser(app, gateway).await;
        // The same browser, with new keys.
        let renewed = WebSubscription { endpoint: made.endpoint.clone(), ..gateway.create_subscription(None).unwrap() };
        second.put(&path_of(&second), body_of("web_push", &renewed)).await.expect(200);
        assert_eq!((push_state(app, &first).await.as_str(), push_state(app, &second).await.as_str()), ("none", "live"));
    }

    async fn what_may_lie_abroad_is_subscribed_and_not_asked(app, gateway) {
        let (phone, _) = member_with_browser(app, gateway).await;
        let abroad = elsewhere(gateway, "https://push.example.org/s/1");
        phone.put(&path_of(&phone), body_of("web_push", &abroad)).await.expect(200);
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        let ended = stands(app, told, "suppressed").await;
        assert_eq!((ended.code.as_deref(), ended.attempts), (Some("endpoint_abroad"), 0));
        assert_eq!((strikes(app, &phone), push_state(app, &phone).await.as_str()), (0, "live"), "it is no fault of the phone's");
    }

    async fn what_is_no_longer_allowed_is_not_asked(app, gateway) {
        let home = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = home.local_addr().unwrap().port();
        let (phone, made) = member_with_browser(app, gateway).await;
        for (endpoint, code) in [
            (format!("http://127.0.0.1:{port}/x"), "endpoint_not_https"),
            (format!("https://127.0.0.1:{port}/x"), "endpoint_private"),
            (format!("https://localhost:{port}/x"), "endpoint_private"),
            (format!("https://[::ffff:127.0.0.1]:{port}/x"), "endpoint_private"),
        ] {
            move_to(app, &phone, &endpoint, &made);
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert_eq!(stands(app, told, "suppressed").await.code.as_deref(), Some(code), "{endpoint}");
        }
        let knock = tokio::time::timeout(Duration::from_millis(100), home.accept()).await;
        assert!(knock.is_err(), "nobody knocked");
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn each_part_of_a_subscription_is_looked_at_before_it_is_stored(app, gateway) {
        let (phone, made) = member_with_browser(app, gateway).await;
        let path = path_of(&phone);
        let good = body_of("web_push", &made);
        let with = |pointer: &str, value: Value| {
            let mut body = good.clone();
            *body.pointer_mut(pointer).unwrap() = value;
            body
        };
        let without = |member: &str| {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(member);
            body
        };
        let at = |endpoint: &str| with("/endpoint", json!(endpoint));
        let mut token_too = good.clone();
        token_too["token"] = json!("token-of-a-phone");
        let mut off_the_curve = made.p256dh.clone().into_bytes();
        off_the_curve[40] = if off_the_curve[40] == b'A' { b'B' } else { b'A' };
        let off_the_curve = String::from_utf8(off_the_curve).unwrap();
        for (body, pointer, fault) in [
            (without("endpoint"), "/endpoint", "required"),
            (without("keys"), "/keys", "required"),
            (token_too, "/token", "not_fitting"),
            (json!({ "provider": "web_push", "token": "token-of-a-phone" }), "/token", "not_fitting"),
            (json!({ "provider": "fcm" }), "/token", "required"),
            (with("/provider", json!("fcm")), "/endpoint", "not_fitting"),
            (json!({ "provider": "fcm", "token": "token-of-a-phone", "keys": good["keys"] }), "/keys", "not_fitting"),
            (json!({ "provider": "web_push", "endpoint": good["endpoint"], "keys": {} }), "/keys/p256dh", "required"),
            (with("/keys/p256dh", Value::Null), "/keys/p256dh", "wrong_type"),
            (with("/endpoint", Value::Null), "/endpoint", "not_null"),
            (with("/keys/p256dh", json!(format!("B{}", "A".repeat(85)))), "/keys/p256dh", "key_length"),
            (with("/keys/p256dh", json!(&made.p256dh[..40])), "/keys/p256dh", "too_short"),
            (with("/keys/p256dh", json!(off_the_curve)), "/keys/p256dh", "bad_point"),
            (with("/keys/p256dh", json!("A".repeat(87))), "/keys/p256dh", "bad_point"),
            (with("/keys/p256dh", json!(format!("{}=", made.p256dh))), "/keys/p256dh", "bad_pattern"),
            (with("/keys/auth", json!(&made.auth[..20])), "/keys/auth", "key_length"),
            (with("/keys/auth", json!("+/".repeat(11))), "/keys/auth", "bad_pattern"),
            (at("not an address"), "/endpoint", "bad_pattern"),
            (at("https://user:word@push.example.org/x"), "/endpoint", "bad_pattern"),
            (at("https://"), "/endpoint", "too_short"),
            (at("http://push.example.org/x"), "/endpoint", "not_https"),
            (at("ftp://push.example.org/x"), "/endpoint", "not_https"),
            (at("https://127.0.0.1/x"), "/endpoint", "private_address"),
            (at("https://2130706433/x"), "/endpoint", "private_address"),
            (at("https://0x7f.0.0.1/x"), "/endpoint", "private_address"),
            (at("https://0177.0.0.1/x"), "/endpoint", "private_address"),
            (at("https://127.0.0.1./x"), "/endpoint", "private_address"),
            (at("https://[::ffff:127.0.0.1]/x"), "/endpoint", "private_address"),
            (at("https://[2002:a00:1::]/x"), "/endpoint", "private_address"),
            (at("https://10.1.2.3/x"), "/endpoint", "private_address"),
            (at("https://100.64.0.1/x"), "/endpoint", "private_address"),
            (at("https://169.254.169.254/latest"), "/endpoint", "private_address"),
            (at("https://[fe80::1]/x"), "/endpoint", "private_address"),
            (at("https://localhost/x"), "/endpoint", "private_address"),
            (at("https://printer.local/x"), "/endpoint", "private_address"),
        ] {
            let code = if fault == "unknown_field" { "unknown_field" } else { "validation_failed" };
            let problem = phone.put(&path, body.clone()).await.problem(422, code);
            let found: Vec<(&Value, &Value)> = problem["errors"].as_array().unwrap().iter().map(|e| (&e["pointer"], &e["code"])).collect();
            assert_eq!(found, [(&json!(pointer), &json!(fault))], "{body}");
        }
        // What browsers tell beyond it is left out by the app.
        let mut whole = good.clone();
        whole["expirationTime"] = Value::Null;
        phone.put(&path, whole).await.problem(422, "unknown_field");
        // None of them replaced what stood.
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "accepted").await;
    }

    async fn the_subscription_rests_sealed_and_its_address_under_the_blind_index(app, gateway) {
        let (phone, made) = member_with_browser(app, gateway).await;
        let device = phone.device.unwrap();
        let (sealed, index): (Option<Vec<u8>>, Option<Vec<u8>>) = devices::table.find(device)
            .select((devices::push_token, devices::push_token_index)).first(&mut app.connection()).unwrap();
        let vault = &app.data.vault;
        let token: Value = serde_json::from_str(&vault.open_sealed("devices.push_token", device.0, &sealed.clone().unwrap()).unwrap()).unwrap();
        assert_eq!(token, json!({ "endpoint": made.endpoint, "p256dh": made.p256dh, "auth": made.auth }));
        assert_eq!(index, Some(vault.blind(BlindColumn::PushToken, &made.endpoint)));
        let plain = String::from_utf8_lossy(&sealed.unwrap()).into_owned();
        assert!(!plain.contains("127.0.0.1") && !plain.contains(&made.auth));
        // Nobody reads it back.
        let shown = phone.get(&format!("/v1/devices/{device}")).await.expect(200).to_string();
        assert!(!shown.contains(made.id()) && !shown.contains(&made.auth));
    }
}

/// An app with keys of its own, and a gateway and more places that it may ask.
async fn start(
    backend: Backend,
    dir: &std::path::Path,
    gateways: &[&Running],
    more: &[(&'static str, &str)],
) -> TestApp {
    let allow: Vec<String> = gateways.iter().map(|g| g.base_url()).collect();
    let mut settings = vec![
        (
            "push.web_contact",
            "https://qianshou.example/contact".to_owned(),
        ),
        ("push.web_allow", allow.join(",")),
        ("keys.dir", dir.join("keys").display().to_string()),
    ];
    settings.extend(more.iter().map(|(k, v)| (*k, (*v).to_owned())));
    TestApp::start(backend, settings).await
}

fn backends() -> impl Iterator<Item = Backend> {
    [Backend::Sqlite, Backend::Postgres]
        .into_iter()
        .filter(|b| *b == Backend::Sqlite || postgres::cluster().is_some())
}

#[test]
fn one_push_service_that_refuses_us_says_nothing_of_the_others() {
    for backend in backends() {
        actix_web::rt::System::new().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let (grim, kind) = (
                Gateway::start(GatewayOptions::default()).unwrap(),
                Gateway::start(GatewayOptions::default()).unwrap(),
            );
            let app = start(backend, dir.path(), &[&grim, &kind], &[]).await;
            grim.add_faults(vec![rule(FaultKind::Unauthenticated)])
                .unwrap();
            let ((sad, _), (glad, _)) = (
                member_with_browser(&app, &grim).await,
                member_with_browser(&app, &kind).await,
            );
            let waits = tell(&app, VisitReturned, "走访记录已退回", &[sad.id], DAY).await;
            stands(&app, waits, "retry").await;
            let goes = tell(&app, VisitReturned, "走访记录已退回", &[glad.id], DAY).await;
            stands(&app, goes, "accepted").await;
            // Nor does what passes there bring a phone here under suspicion.
            grim.clear_faults();
            grim.add_faults(vec![rule(FaultKind::InvalidArgument)])
                .unwrap();
            app.advance(2 * Micros::MINUTE);
            assert_eq!(
                stands(&app, waits, "dead_letter").await.code.as_deref(),
                Some("http_400")
            );
            assert_eq!(strikes(&app, &sad), 0);
            app.stop().await;
            grim.stop().await;
            kind.stop().await;
        });
    }
}

/// A push service that takes a connection and does as it likes.
async fn rude(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            actix_web::rt::spawn(async move {
                let mut seen = [0; 4096];
                drop(stream.read(&mut seen).await);
                if answer.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                drop(stream.write_all(answer).await);
                // More and more of it, as long as somebody reads.
                while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn one_that_never_answers_or_never_ends_is_given_up() {
    actix_web::rt::System::new().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let (mute, endless) = (
            rude(b"").await,
            rude(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n").await,
        );
        let allow = format!("{},{mute},{endless}", gateway.base_url());
        // A try ends before its lease does.
        let app = start(
            Backend::Sqlite,
            dir.path(),
            &[&gateway],
            &[("push.web_allow", &allow), ("push.lease_seconds", "2")],
        )
        .await;
        for (place, code) in [(mute, "timeout"), (endless, "answer_too_long")] {
            let (phone, _) = member_with_browser(&app, &gateway).await;
            let there = elsewhere(&gateway, &format!("{place}/wp/1"));
            phone
                .put(&path_of(&phone), body_of("web_push", &there))
                .await
                .expect(200);
            let told = tell(&app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert_eq!(
                stands(&app, told, "retry").await.code.as_deref(),
                Some(code)
            );
        }
        app.stop().await;
        gateway.stop().await;
    });
}

#[test]
fn the_key_is_made_once_and_outlives_a_start() {
    for backend in backends() {
        actix_web::rt::System::new().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let gateway = Gateway::start(GatewayOptions::default()).unwrap();
            let app = start(backend, dir.path(), &[&gateway], &[]).await;
            let config = &app.data.config;
            let on = || -> Vec<PushProvider> {
                qianshou::push::providers(config)
                    .unwrap()
                    .iter()
                    .map(|p| p.name())
                    .collect()
            };
            let (phone, _) = member_with_browser(&app, &gateway).await;
            let key = web_key(&phone).await;
            let pem = dir.path().join("keys/web-push.pem");
            let made = std::fs::read(&pem).unwrap();
            qianshou::push::prepare(config).unwrap();
            assert_eq!(
                (std::fs::read(&pem).unwrap(), web_key(&phone).await),
                (made.clone(), key.clone())
            );
            assert_eq!(on(), [PushProvider::WebPush, PushProvider::UnifiedPush]);
            // A machine that lacks the file makes no other one, and sends nothing.
            std::fs::remove_file(&pem).unwrap();
            qianshou::push::prepare(config).unwrap();
            assert!(!pem.exists() && on().is_empty());
            assert_eq!(web_key(&phone).await, key, "browsers are told the same");
            // Put back, all is well; lost for good, there is a way on.
            std::fs::write(&pem, &made).unwrap();
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(on().len(), 2);
            std::fs::remove_file(&pem).unwrap();
            qianshou::cli::keys::web_push(config, true).unwrap();
            assert_ne!(web_key(&phone).await, key);
            assert_eq!(
                push_state(&app, &phone).await,
                "dead",
                "it subscribed for the key that is gone"
            );
            assert_eq!(on().len(), 2);
            app.stop().await;
            gateway.stop().await;
        });
    }
}

#[test]
fn replaced_index_keys_find_a_subscription_by_its_address() {
    actix_web::rt::System::new().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let app = start(
            Backend::Sqlite,
            dir.path(),
            &[&gateway],
            &[("keys.move_after_seconds", "0")],
        )
        .await;
        let (first, made) = member_with_browser(&app, &gateway).await;
        let (second, _) = member_with_browser(&app, &gateway).await;
        Vault::rotate_index(&dir.path().join("keys")).unwrap();
        let wanted = || app.data.vault.blind(BlindColumn::PushToken, &made.endpoint);
        let index = || -> Option<Vec<u8>> {
            devices::table
                .find(first.device.unwrap())
                .select(devices::push_token_index)
                .first(&mut app.connection())
                .unwrap()
        };
        let old = index().unwrap();
        for _ in 0..400 {
            if index().is_some_and(|i| i != old) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(index(), Some(wanted()), "indexed anew by its address");
        second
            .put(&path_of(&second), body_of("web_push", &made))
            .await
            .expect(200);
        assert_eq!(push_state(&app, &first).await, "none");
        app.stop().await;
        gateway.stop().await;
    });
}

#[test]
fn a_doctor_tells_whom_pushes_do_not_reach() {
    actix_web::rt::System::new().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let app = start(Backend::Sqlite, dir.path(), &[&gateway], &[]).await;
        for endpoint in [
            "https://push.example.org/s/1",
            "https://push.example.org/s/2",
        ] {
            let (phone, _) = member_with_browser(&app, &gateway).await;
            phone
                .put(
                    &path_of(&phone),
                    body_of("web_push", &elsewhere(&gateway, endpoint)),
                )
                .await
                .expect(200);
        }
        let Target::Sqlite(path) = &app.target else {
            unreachable!()
        };
        let doctor = |more: &[(&str, &str)]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
            command
                .arg("doctor")
                .current_dir(dir.path())
                .env("QIANSHOU_DATABASE__URL", format!("sqlite:{path}"))
                .env("QIANSHOU_KEYS__DIR", dir.path().join("keys"));
            command.envs(more.iter().copied());
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        let line = |text: &str, name: &str| {
            text.lines()
                .find(|l| l.contains(name))
                .unwrap_or_else(|| panic!("{name}: {text}"))
                .to_owned()
        };
        let off = doctor(&[]);
        assert!(line(&off, "push by web_push").contains("push.web_contact names nobody"));
        let contact = ("QIANSHOU_PUSH__WEB_CONTACT", "mailto:push@qianshou.example");
        let here = doctor(&[contact]);
        assert!(
            line(&here, "push by web_push").contains("2 endpoint_abroad"),
            "{here}"
        );
        assert!(
            line(&here, "push by unified_push").starts_with("ok")
                && !line(&here, "push by unified_push").contains("endpoint_abroad")
        );
        assert!(line(&here, "web push key").starts_with("ok"));
        let abroad = doctor(&[contact, ("QIANSHOU_PUSH__ABROAD", "true")]);
        assert!(
            line(&abroad, "push by web_push").ends_with(": on"),
            "{abroad}"
        );
        std::fs::remove_file(dir.path().join("keys/web-push.pem")).unwrap();
        assert!(line(&doctor(&[contact]), "web push key").starts_with("BAD"));
        app.stop().await;
        gateway.stop().await;
    });
}

/// A key for `k` and statements signed with it, by another library than our sender's.
struct Server {
    public: String,
    key: jsonwebtoken::EncodingKey,
}

impl Server {
    fn new() -> Server {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
        use base64::Engine;
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        Server {
            public: base64::engine::general_purpose::URL_SAFE_NO_PAD
                .encode(pair.public_key().as_ref()),
            key: jsonwebtoken::EncodingKey::from_ec_der(pkcs8.as_ref()),
        }
    }
    fn says(&self, claims: &Value) -> String {
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        let token = jsonwebtoken::encode(&header, claims, &self.key).unwrap();
        format!("vapid t={token}, k={}", self.public)
    }
}

/// RFC 8291, Appendix A: the browser's keys, and a message for it.
const RFC_PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const RFC_AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const RFC_BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

#[test]
fn the_gateway_is_as_strict_as_a_push_service() {
    actix_web::rt::System::new().block_on(async {
        use base64::Engine;
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let http = reqwest::Client::new();
        let (ours, theirs) = (Server::new(), Server::new());
        let control = format!("{}/control/subscriptions", gateway.base_url());
        let made = http.post(&control).json(&json!({ "application_server_key": ours.public, "p256dh": RFC_PUBLIC, "auth": RFC_AUTH })).send().await.unwrap();
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.unwrap();
        let endpoint = made["endpoint"].as_str().unwrap().to_owned();
        for half in [json!({ "p256dh": RFC_PUBLIC }), json!({ "auth": RFC_AUTH }), json!({ "application_server_key": RFC_AUTH }), json!({ "p256dh": RFC_PUBLIC, "auth": "AAAA" }), json!({ "odd": 1 })] {
            assert_eq!(http.post(&control).json(&half).send().await.unwrap().status(), 400, "{half}");
        }
        let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(RFC_BODY).unwrap();
        let now = jiff::Timestamp::now().as_second();
        let good = json!({ "aud": gateway.base_url(), "exp": now + 3600, "sub": "mailto:push@qianshou.example" });
        let claims = |name: &str, value: Value| {
            let mut claims = good.clone();
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value,
            }
            ours.says(&claims)
        };
        let send = |to: &str, authorization: Option<String>, change: Option<(&'static str, Option<&'static str>)>, body: Vec<u8>| {
            let mut headers = vec![("ttl", "60"), ("urgency", "normal"), ("topic", "visit_returned"), ("content-encoding", "aes128gcm")];
            if let Some((name, value)) = change {
                headers.retain(|h| h.0 != name);
                headers.extend(value.map(|v| (name, v)));
            }
            let mut request = http.post(to).body(body);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            async move {
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                (status, answer.text().await.unwrap())
            }
        };
        let says = || Some(ours.says(&good));
        for (what, authorization, status) in [
            ("none", None, 401),
            ("another scheme", Some("Bearer x".to_owned()), 401),
            ("no k", Some(format!("vapid t={}", says().unwrap().split("t=").nth(1).unwrap().split(',').next().unwrap())), 401),
            ("another server's", Some(theirs.says(&good)), 403),
            ("another's signature under our k", Some(format!("{}, k={}", theirs.says(&good).split(", k=").next().unwrap(), ours.public)), 403),
            ("no aud", Some(claims("aud", Value::Null)), 403),
            ("another aud", Some(claims("aud", json!("https://push.example.org"))), 403),
            ("no exp", Some(claims("exp", Value::Null)), 403),
            ("an exp gone by", Some(claims("exp", json!(now - 3600))), 403),
            ("an exp two days ahead", Some(claims("exp", json!(now + 2 * 86_400))), 403),
            ("no sub", Some(claims("sub", Value::Null)), 403),
            ("a sub of no form", Some(claims("sub", json!("somebody"))), 403),
        ] {
            assert_eq!(send(&endpoint, authorization, None, body.clone()).await.0, status, "{what}");
        }
        for (change, status) in [
            (("ttl", None), 400), (("ttl", Some("soon")), 400), (("ttl", Some("-1")), 400), (("ttl", Some("+60")), 400),
            (("urgency", Some("at once")), 400), (("topic", Some("has spaces")), 400),
            (("topic", Some("a-topic-of-more-than-32-characters")), 400),
            (("content-encoding", None), 415), (("content-encoding", Some("aesgcm")), 415),
        ] {
            assert_eq!(send(&endpoint, says(), Some(change), body.clone()).await.0, status, "{change:?}");
        }
        let odd = |at: usize, byte: u8| { let mut b = body.clone(); b[at] = byte; b };
        for (what, body, status) in [
            ("no body", Vec::new(), 400), ("a header alone", body[..86].to_vec(), 400), ("a record cut short", body[..90].to_vec(), 400),
            ("too large", vec![0; 4097], 413), ("another key length", odd(20, 64), 400), ("no point", odd(50, body[50] ^ 1), 400), ("two records", odd(18, 0), 400),
        ] {
            assert_eq!(send(&endpoint, says(), None, body).await.0, status, "{what}");
        }
        assert_eq!(send(&format!("{}/wp/unknown", gateway.base_url()), says(), None, body.clone()).await.0, 404);
        assert_eq!(gateway.stats().accepted, 0);
        assert_eq!(send(&endpoint, says(), None, body.clone()).await.0, 201);
        let (status, said) = send(&endpoint, says(), None, body.clone()).await;
        assert!(status == 400 && said.contains("came before"), "{said}");
        let item = accepted(&gateway)[0].clone();
        assert_eq!((&item["raw"]["body"], &item["raw"]["headers"]["ttl"], &item["data"]), (&json!(RFC_BODY), &json!(60), &Value::Null), "for a browser elsewhere it is shown as it came");
        // A browser that is here cannot decrypt what is for another one.
        let here = gateway.create_subscription(None).unwrap();
        let mut other = body;
        other[3] ^= 1;
        let fresh = aws_lc_rs::agreement::PrivateKey::generate(&aws_lc_rs::agreement::ECDH_P256).unwrap();
        other[21..86].copy_from_slice(fresh.compute_public_key().unwrap().as_ref());
        let (status, said) = send(&here.endpoint, says(), None, other).await;
        assert!(status == 400 && said.contains("cannot decrypt"), "{said}");
        for bad in [json!([{ "fault": "gone" }]), json!([{ "fault": "redirect", "endpoint": "token" }])] {
            assert_eq!(http.post(format!("{}/control/faults", gateway.base_url())).json(&bad).send().await.unwrap().status(), 400, "{bad}");
        }
        gateway.stop().await;
    });
}

#[test]
fn what_the_configuration_must_hold_is_said() {
    use qianshou::config::Config;
    for (key, value) in [
        ("push.web_contact", "push@qianshou.example"),
        ("push.web_contact", "mailto:nobody"),
        ("push.web_contact", "http://qianshou.example"),
        ("push.web_allow", "https://push.example.cn/path"),
        ("push.web_allow", "ftp://push.example.cn"),
    ] {
        let found = Config::from_parts(None, &Default::default(), &vec![(key, value.to_owned())]);
        assert!(found.err().unwrap().contains(key), "{value}");
    }
}
