//! The gateway's JPush is as strict as JPush: what it lets pass, JPush would take.

use crate::support::*;
use std::pin::Pin;
use std::time::Duration;

use qianshou::push::gateway::{
    FaultKind, FaultRule, Gateway, GatewayOptions, JPushApp, JPushCode, Running,
};

type Body = for<'a> fn(&'a Running, JPushApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn in_gateway(body: Body) {
    actix_web::rt::System::new().block_on(async move {
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let app = gateway.create_jpush_app();
        body(&gateway, app).await;
        gateway.stop().await;
    });
}

async fn push(gateway: &Running, app: &JPushApp, body: &str) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .post(format!("{}/v3/push", gateway.base_url()))
        .basic_auth(app.app_key(), Some(app.master_secret()))
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn cids(gateway: &Running, app: &JPushApp, query: &str) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .get(format!("{}/v3/push/cid{query}", gateway.base_url()))
        .basic_auth(app.app_key(), Some(app.master_secret()))
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn cid(gateway: &Running, app: &JPushApp) -> String {
    let (_, body) = cids(gateway, app, "").await;
    body["cidlist"][0].as_str().unwrap().to_owned()
}

fn right(cid: &str) -> Value {
    json!({
        "cid": cid, "platform": ["android", "ios"], "audience": { "registration_id": ["1104a89792d3d5b8a11"] },
        "notification": { "android": { "alert": "x", "extras": { "message_id": "1" } }, "ios": { "alert": { "title": "x" } } },
        "options": { "time_to_live": 60, "apns_production": true, "classification": 1, "third_party_channel": { "huawei": {} } },
    })
}

#[test]
fn a_push_is_held_to_the_letter() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let cid = cid(gateway, &app).await;
            let with = |pointer: &str, value: Value| {
                let mut body = right(&cid);
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                body.pointer_mut(parent).unwrap()[name] = value;
                body.to_string()
            };
            let without = |name: &str| {
                let mut body = right(&cid);
                body.as_object_mut().unwrap().remove(name);
                body.to_string()
            };
            let ids = |n: usize| json!(vec!["1104a89792d3d5b8a11"; n]);
            for (name, body, code) in [
                ("no JSON", "{".to_owned(), 1003),
                ("no platform", without("platform"), 1002),
                (
                    "an unknown platform",
                    with("/platform", json!(["symbian"])),
                    1003,
                ),
                ("no audience", without("audience"), 1002),
                ("everybody", with("/audience", json!("all")), 1003),
                (
                    "an empty id",
                    with("/audience/registration_id", json!([""])),
                    1003,
                ),
                (
                    "an odd id",
                    with("/audience/registration_id", json!(["fcm:token-1"])),
                    1003,
                ),
                ("nobody", with("/audience/registration_id", json!([])), 1003),
                (
                    "1,001 phones",
                    with("/audience/registration_id", ids(1001)),
                    1003,
                ),
                ("no notification", without("notification"), 1002),
                ("no alert", with("/notification/android", json!({})), 1002),
                (
                    "extras as text",
                    with("/notification/android/extras", json!("x")),
                    1003,
                ),
                (
                    "Android's 4,001 bytes",
                    with("/notification/android/alert", json!("x".repeat(4000))),
                    1005,
                ),
                (
                    "an iPhone's 2,001 bytes",
                    with("/notification/ios/alert", json!("x".repeat(2000))),
                    1005,
                ),
                (
                    "past ten days",
                    with("/options/time_to_live", json!(864_001)),
                    1003,
                ),
                (
                    "a time as text",
                    with("/options/time_to_live", json!("60")),
                    1003,
                ),
                (
                    "an unknown class",
                    with("/options/classification", json!(2)),
                    1003,
                ),
                (
                    "an unknown vendor",
                    with("/options/third_party_channel", json!({ "nokia": {} })),
                    1009,
                ),
                (
                    "an unknown option",
                    with("/options/urgent", json!(true)),
                    1009,
                ),
                ("an unknown key", with("/urgent", json!(true)), 1009),
                ("no cid", without("cid"), 1002),
                (
                    "a cid of one's own making",
                    with(
                        "/cid",
                        json!(format!("{}-{}", app.app_key(), "0".repeat(36))),
                    ),
                    1003,
                ),
            ] {
                let (status, answer) = push(gateway, &app, &body).await;
                assert_eq!(
                    (status, answer["error"]["code"].as_i64()),
                    (400, Some(code)),
                    "{name}: {answer}"
                );
            }
            let (status, answer) = push(gateway, &app, &right(&cid).to_string()).await;
            assert_eq!(
                (status, answer["sendno"].as_str()),
                (200, Some("0")),
                "{answer}"
            );
            assert_eq!(gateway.stats().accepted, 1);
        })
    });
}

#[test]
fn a_cid_is_accepted_once_and_answered_alike() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let (status, ten) = cids(gateway, &app, "?count=50").await;
            let given = ten["cidlist"].as_array().unwrap();
            assert_eq!(
                (status, given.len()),
                (200, 10),
                "an app that pays nothing gets ten"
            );
            assert!(given.iter().all(|c| {
                let rest = c.as_str().unwrap().strip_prefix(app.app_key()).unwrap();
                rest.len() == 37 && rest.starts_with('-')
            }));
            for bad in ["?count=0", "?count=x", "?type=schedule", "?number=1"] {
                assert_eq!(
                    cids(gateway, &app, bad).await.1["error"]["code"],
                    1003,
                    "{bad}"
                );
            }
            let body = right(given[0].as_str().unwrap()).to_string();
            let first = push(gateway, &app, &body).await;
            assert_eq!(push(gateway, &app, &body).await, first);
            let other = right(given[1].as_str().unwrap()).to_string();
            assert_ne!(
                push(gateway, &app, &other).await.1["msg_id"],
                first.1["msg_id"]
            );
            let stats = gateway.stats();
            assert_eq!((stats.accepted, stats.repeated), (2, 1));
            assert_eq!(
                stats.duplicates, 1,
                "the same message under another id is pushed twice"
            );
            // Another app's id is none.
            let stranger = gateway.create_jpush_app();
            assert_eq!(
                push(gateway, &stranger, &body).await.1["error"]["code"],
                1003
            );
        })
    });
}

#[test]
fn it_knows_its_apps_and_counts_their_calls() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let stranger = JPushApp::generate();
            let impostor = JPushApp::of(app.app_key(), stranger.master_secret()).unwrap();
            assert_eq!(
                push(gateway, &stranger, "{}").await.1["error"]["code"],
                1008
            );
            let (status, answer) = push(gateway, &impostor, "{}").await;
            assert_eq!(
                (status, answer["error"]["code"].as_i64()),
                (401, Some(1004))
            );
            let url = format!("{}/v3/push", gateway.base_url());
            let plain = reqwest::Client::new();
            assert_eq!(
                plain.post(&url).body("{}").send().await.unwrap().status(),
                401
            );
            assert_eq!(plain.get(&url).send().await.unwrap().status(), 405);
            gateway.limit_jpush(&app, 2, Duration::from_secs(60));
            let cid = cid(gateway, &app).await;
            let call = || {
                plain
                    .post(&url)
                    .basic_auth(app.app_key(), Some(app.master_secret()))
                    .json(&right(&cid))
            };
            let answer = call().send().await.unwrap();
            assert_eq!(answer.headers()["x-rate-limit-remaining"], "0");
            let refused = call().send().await.unwrap();
            assert_eq!(refused.status(), 429);
            let reset: u64 = refused.headers()["x-rate-limit-reset"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!((1..=60).contains(&reset), "{reset}");
        })
    });
}

#[test]
fn it_fails_as_it_is_told() {
    in_gateway(|gateway, app| {
        Box::pin(async move {
            let body = right(&cid(gateway, &app).await).to_string();
            for code in JPushCode::ALL {
                gateway
                    .add_faults(vec![FaultRule::jpush(*code).times(1)])
                    .unwrap();
                let (status, answer) = push(gateway, &app, &body).await;
                assert_eq!(
                    (status, answer["error"]["code"].as_u64()),
                    (code.status(), Some(code.number().into()))
                );
            }
            for bad in [
                FaultRule::new(FaultKind::JPush(JPushCode::NoTarget)),
                FaultRule {
                    retry_after_s: Some(1),
                    ..FaultRule::jpush(JPushCode::NoTarget)
                },
            ] {
                assert!(gateway.add_faults(vec![bad.clone()]).is_err(), "{bad:?}");
            }
            // As the page and `curl` say it.
            let url = format!("{}/control/faults", gateway.base_url());
            let plain = reqwest::Client::new();
            for (fault, status) in [(json!(1011), 200), (json!(9999), 400)] {
                let rule =
                    json!([{ "endpoint": "jpush", "fault": { "jpush": fault }, "times": 1 }]);
                assert_eq!(
                    plain
                        .post(&url)
                        .json(&rule)
                        .send()
                        .await
                        .unwrap()
                        .status()
                        .as_u16(),
                    status
                );
            }
            assert_eq!(push(gateway, &app, &body).await.1["error"]["code"], 1011);
        })
    });
}
