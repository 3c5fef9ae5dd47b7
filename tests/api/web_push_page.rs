//! The demo's page of pushes, in a real browser: its own crypto reads what our sender encrypted, its service worker
//! shows it, and a touch opens the inbox's entry.

use crate::commands::demo;
use crate::support::browser::Browser;
use crate::support::*;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// What the service worker shows now.
const SHOWN: &str = "return navigator.serviceWorker.ready.then(function (r) { return r.getNotifications(); }).then(function (all) { \
     return all.map(function (n) { return { title: n.title, tag: n.tag, data: n.data }; }); });";

/// Waits until what the worker shows is as wanted.
async fn shows(browser: &Browser, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = browser.promised(SHOWN).await;
        if let Some(all) = shown.as_array()
            && wanted(all)
        {
            return all.clone();
        }
        let text = browser.text().await;
        assert!(
            Instant::now() < deadline,
            "not {what}: {shown}; the page: {text}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Runs this in the service worker, as its own developer tools do.
async fn in_worker(browser: &Browser, script: &str) {
    let targets = browser.devtools("Target.getTargets", json!({})).await;
    let worker = targets["targetInfos"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["type"] == "service_worker");
    let id = worker.unwrap_or_else(|| panic!("no worker: {targets}"))["targetId"].clone();
    let attached = browser
        .devtools(
            "Target.attachToTarget",
            json!({ "targetId": id, "flatten": false }),
        )
        .await;
    let message = json!({ "id": 1, "method": "Runtime.evaluate", "params": { "expression": script, "awaitPromise": true } });
    let sent = json!({ "sessionId": attached["sessionId"], "message": message.to_string() });
    browser.devtools("Target.sendMessageToTarget", sent).await;
}

#[test]
fn a_browser_decrypts_shows_and_opens_what_was_sent() {
    actix_web::rt::System::new().block_on(async {
        let Some(browser) = Browser::start("zh-CN,zh").await else {
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let demo = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
        let permitted = json!({ "origin": demo.api, "permissions": ["notifications"] });
        browser.devtools("Browser.grantPermissions", permitted).await;
        browser.open(&format!("{}/demo/push", demo.api)).await;
        let registered = browser.promised("return navigator.serviceWorker.ready.then(function (r) { return r.active.scriptURL; });").await;
        assert_eq!(registered, format!("{}/demo/worker.js", demo.api));

        browser.click("#bind").await;
        browser.until("已绑定：张会员").await;
        browser.click("#local").await;
        browser.until("已订阅。").await;
        browser.click("#try").await;
        // The page fetched what arrived at the gateway, decrypted it with the keys it made, and the worker shows it.
        let shown = shows(&browser, "one", |all| all.len() == 1).await;
        assert_eq!(shown[0]["title"], "走访记录被退回");
        let data = &shown[0]["data"];
        let mut members: Vec<&String> = data.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["kind", "message_id", "notification_id", "title", "unread"]);
        assert_eq!((&data["kind"], &data["notification_id"]), (&json!("visit_returned"), &shown[0]["tag"]));
        browser.until("已显示").await;
        let shot = scratch().join("demo-push-page.png");
        std::fs::write(&shot, browser.screenshot().await).unwrap();

        // What went over the wire is not to be read by who carries it.
        let http = reqwest::Client::new();
        let received: Value = http.get(format!("{}/received", demo.gateway)).send().await.unwrap().json().await.unwrap();
        let wire = received["items"].as_array().unwrap().iter().find(|i| i["provider"] == "web_push").unwrap();
        assert!(wire["data"].is_null() && !wire.to_string().contains("走访"), "{wire}");

        // By way of the browser's own push service, which hands the worker what it decrypted, it comes once more, and
        // replaces itself.
        let mut again = data.clone();
        again["unread"] = json!(2);
        browser.devtools("ServiceWorker.enable", json!({})).await;
        let push =
            json!({ "origin": demo.api, "registrationId": "0", "data": again.to_string() });
        browser
            .devtools("ServiceWorker.deliverPushMessage", push)
            .await;
        let replaced = |all: &[Value]| all.len() == 1 && all[0]["data"] == again;
        shows(&browser, "the second", replaced).await;

        // Touched: the entry opens, and the API knows.
        let touch = "self.registration.getNotifications().then(function (all) { \
             var event = new NotificationEvent('notificationclick', { notification: all[0] }); \
             Object.defineProperty(event, 'waitUntil', { value: function (p) { return p; } }); \
             self.dispatchEvent(event); });";
        in_worker(&browser, touch).await;
        browser.until("已打开").await;
        let opened = browser.promised("var kept = JSON.parse(localStorage.getItem('qianshou-demo-push')); \
             return fetch('/v1/notifications', { headers: { Authorization: 'Bearer ' + kept.token } }).then(function (a) { return a.json(); });").await;
        let entry = &opened["items"][0];
        assert_eq!(entry["id"], data["notification_id"]);
        assert!(!entry["opened_at"].is_null() && !entry["displayed_at"].is_null(), "{entry}");
        shows(&browser, "none", <[Value]>::is_empty).await;

        assert_eq!(browser.console().await, Vec::<String>::new());
        let asked = browser.requested().await;
        assert!(asked.iter().all(|url| url.starts_with(&demo.api) || url.starts_with("data:")), "nobody else was asked: {asked:?}");
        browser.stop().await;
        drop(demo);
    });
}

#[test]
fn the_page_is_guarded_and_served_by_a_demo_alone() {
    actix_web::rt::System::new().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let demo = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
        let http = reqwest::Client::new();
        for (path, media) in [
            ("/demo/push", "text/html"),
            ("/demo/push.css", "text/css"),
            ("/demo/push.js", "text/javascript"),
            ("/demo/worker.js", "text/javascript"),
        ] {
            let answer = http
                .get(format!("{}{path}", demo.api))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let header = |name: &str| {
                answer
                    .headers()
                    .get(name)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            let policy = header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'")
                    && !policy.contains("unsafe")
                    && !policy.contains('*')
            );
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'none'")
            );
            assert_eq!(
                (header("referrer-policy"), header("cache-control")),
                ("no-referrer".into(), "no-store".into())
            );
            assert!(header("content-type").starts_with(media));
            let text = answer.text().await.unwrap();
            assert!(
                !text.contains("http://") && !text.contains("https://"),
                "nothing of anybody else's"
            );
            assert!(
                !text.contains("innerHTML")
                    && !text.contains(" style=")
                    && !text.contains(" onclick=")
            );
        }
    });
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            for path in [
                "/demo/push",
                "/demo/push.js",
                "/demo/worker.js",
                "/demo/push/arrived?since=0",
                "/demo/year",
            ] {
                app.anonymous().get(path).await.problem(404, "not_found");
            }
        })
    });
}
