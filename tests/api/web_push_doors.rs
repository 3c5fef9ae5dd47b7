//! Web Push: whom a phone may let us ask, and what stands behind it: what is subscribed, how it rests, the key.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::crypto::{BlindColumn, Vault};
use qianshou::db::schema::devices;
use qianshou::db::{Micros, Target};
use qianshou::notifications::model::NotificationKind::VisitReturned;
use qianshou::push::gateway::{Gateway, GatewayOptions, WebSubscription};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const DAY: i64 = Micros::DAY;

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
        let app = start_asking(
            Backend::Sqlite,
            dir.path(),
            &[&gateway],
            &[
                ("push.web_allow", allow.as_str()),
                ("push.lease_seconds", "2"),
            ],
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
            let app = start_asking(backend, dir.path(), &[&gateway], &[]).await;
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
            // Nor does one with another key: every push service would refuse it.
            qianshou::crypto::WebPushKey::replace(&dir.path().join("keys")).unwrap();
            assert!(on().is_empty());
            // Put back, all is well; lost for good, there is a way on.
            std::fs::write(&pem, &made).unwrap();
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&pem, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(on().len(), 2);
            std::fs::remove_file(&pem).unwrap();
            qianshou::cli::web_push_key::run(config, true).unwrap();
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
        let app = start_asking(
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
        let app = start_asking(Backend::Sqlite, dir.path(), &[&gateway], &[]).await;
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
