//! Web Push: what waits for browsers goes out, beside a bare loop that encrypts and sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::crowd;
use super::provider::Gateway;
use super::settings::Settings;
use super::support::report::{Report, step};
use super::support::{Database, Fixture, http, runtime};
use qianshou::auth::model::PushProvider;
use qianshou::crypto::WebPushKey;
use qianshou::push::web_push::{Receiver, Subscription, encrypt};

const OF_BARE: f64 = 0.8;
const PATIENCE: Duration = Duration::from_secs(600);
/// Browsers at the gateway; so many phones of the database share one.
const BROWSERS: usize = 1_000;

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let gateway = Gateway::start();
    let fixture = Fixture::new(database, "browsers");
    let key = WebPushKey::open_or_make(&fixture.dir.path().join("keys")).unwrap();
    let browsers = subscribed(&gateway, key.public());
    let bare = bare(&gateway, &key, &browsers, settings);
    report.tell(
        name,
        "a bare loop that encrypts and sends, sends/s",
        format!("{bare:.0}"),
    );
    let before = gateway.counted("accepted");
    let mut c = fixture.connect();
    step("every browser is told", || {
        let token = |n: usize| browsers[n % browsers.len()].token().unwrap();
        let phones = (PushProvider::WebPush, &token as &dyn Fn(usize) -> String);
        let everybody = crowd::fill_with(&fixture, &mut c, settings.pushes, phones);
        crowd::tell(&fixture, &mut c, &everybody);
    });
    let server = gateway.serve(&fixture, settings.concurrency);
    let began = gateway.accepted(before + 1, PATIENCE);
    let counted = gateway.counted("accepted") - before;
    let ended = gateway.accepted(before + settings.pushes as u64, PATIENCE);
    drop(server);
    let rate = (settings.pushes as f64 - counted as f64) / (ended - began).as_secs_f64();
    report.tell(
        name,
        format!("{} durable Web Push deliveries, /s", settings.pushes),
        format!("{rate:.0}"),
    );
    let ratio = rate / bare;
    report.aim(
        name,
        "… of the bare loop",
        format!("{ratio:.2}"),
        "≥ 0.8",
        ratio >= OF_BARE,
    );
}

/// Browsers made up at the gateway, each subscribed for our key.
fn subscribed(gateway: &Gateway, key: &str) -> Vec<Subscription> {
    let body = json!({ "application_server_key": key }).to_string();
    let ask = http::request("POST", "/control/subscriptions", "", body.as_bytes());
    runtime().block_on(async {
        let mut connection = http::Connection::open(gateway.address()).await;
        let mut made = Vec::with_capacity(BROWSERS);
        for _ in 0..BROWSERS {
            let told: Value = serde_json::from_slice(connection.expect(&ask).await).unwrap();
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            made.push(Subscription {
                endpoint: text(&told["endpoint"]),
                p256dh: text(&told["keys"]["p256dh"]),
                auth: text(&told["keys"]["auth"]),
            });
        }
        made
    })
}

/// Encrypts each message for its browser and sends it, so many at once, and keeps no book; sends a second.
fn bare(
    gateway: &Gateway,
    key: &WebPushKey,
    browsers: &[Subscription],
    settings: &Settings,
) -> f64 {
    let exp = jiff::Timestamp::now().as_second() + 3600;
    let claims = json!({ "aud": gateway.url, "exp": exp, "sub": "mailto:bench@example.org" });
    let signed = key.sign(&claims).unwrap();
    let shown: Arc<str> = format!("vapid t={signed}, k={}", key.public()).into();
    let receivers: Arc<[(String, Receiver)]> = browsers
        .iter()
        .map(|b| {
            let receiver = Receiver::read(&b.p256dh, &b.auth).unwrap();
            (b.endpoint.clone(), receiver)
        })
        .collect();
    let count = settings.pushes;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::new();
        let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let mut lanes = Vec::new();
        for _ in 0..settings.concurrency {
            let (client, next, shown, receivers) =
                (client.clone(), next.clone(), shown.clone(), receivers.clone());
            lanes.push(tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let (endpoint, receiver) = &receivers[n % receivers.len()];
                    let id = uuid::Uuid::now_v7().to_string();
                    let text = json!({ "message_id": id, "notification_id": id, "kind": "claim_clock",
                        "title": "理赔时限将到", "unread": 1 });
                    let body = encrypt(receiver, text.to_string().as_bytes()).unwrap();
                    let request = client
                        .post(endpoint)
                        .header("authorization", &*shown)
                        .header("ttl", 86_399)
                        .header("urgency", "high")
                        .header("topic", format!("{n:022}"))
                        .header("content-encoding", "aes128gcm")
                        .header("content-type", "application/octet-stream")
                        .body(body);
                    let answer = request.send().await.unwrap();
                    assert!(answer.status().is_success(), "{}", answer.status());
                    drop(answer.bytes().await.unwrap());
                }
            }));
        }
        for lane in lanes {
            lane.await.unwrap();
        }
        count as f64 / began.elapsed().as_secs_f64()
    })
}
