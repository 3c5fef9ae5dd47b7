//! Tests with the push gateway on the other side of the wire.

use diesel::prelude::*;
use std::time::Duration;

use super::{Answer, Backend, Client, TestApp, Value, json, make, postgres};
use qianshou::auth::model::PushProvider;
use qianshou::db::schema::{deliveries, devices, notifications, push_providers};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::announce::{Announcement, Recipient, Text, announce};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::gateway::{
    FaultKind, FaultRule, Gateway, GatewayOptions, Query, Running, WebSubscription, Which,
};

/// How long a test waits for something that takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Declares tests that run with a gateway of their own, on SQLite and on PostgreSQL:
/// `pushing! { async fn name(app, gateway) { … } }`; another provider than FCM by `pushing! { by PushProvider::Apns; … }`.
#[macro_export]
macro_rules! pushing {
    (by $provider:path; $($(#[$meta:meta])* async fn $name:ident($app:ident, $gateway:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $(#[$meta])*
            async fn body($app: &$crate::support::TestApp, $gateway: &qianshou::push::gateway::Running) $body
            #[test]
            fn sqlite() {
                $crate::support::pushing::run_by($provider, $crate::support::Backend::Sqlite, &[], |app, gateway| Box::pin(async move { body(app, gateway).await }));
            }
            #[test]
            fn postgres() {
                $crate::support::pushing::run_by($provider, $crate::support::Backend::Postgres, &[], |app, gateway| Box::pin(async move { body(app, gateway).await }));
            }
        }
    )+};
    ($($(#[$meta:meta])* async fn $name:ident($app:ident, $gateway:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $(#[$meta])*
            async fn body($app: &$crate::support::TestApp, $gateway: &qianshou::push::gateway::Running) $body
            #[test]
            fn sqlite() {
                $crate::support::pushing::run($crate::support::Backend::Sqlite, &[], |app, gateway| Box::pin(async move { body(app, gateway).await }));
            }
            #[test]
            fn postgres() {
                $crate::support::pushing::run($crate::support::Backend::Postgres, &[], |app, gateway| Box::pin(async move { body(app, gateway).await }));
            }
        }
    )+};
}

type Body = for<'a> fn(
    &'a TestApp,
    &'a Running,
) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>;

pub fn run(backend: Backend, settings: &[(&'static str, &str)], body: Body) {
    run_by(PushProvider::Fcm, backend, settings, body);
}

/// The same by another provider, which is the only one that is on.
pub fn run_by(
    provider: PushProvider,
    backend: Backend,
    settings: &[(&'static str, &str)],
    body: Body,
) {
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        return;
    }
    let more: Vec<_> = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    actix_web::rt::System::new().block_on(async move {
        let (gateway, mut settings, _files) = gateway_for(provider);
        settings.extend(more);
        let app = TestApp::start(backend, settings).await;
        body(&app, &gateway).await;
        app.stop().await;
        gateway.stop().await;
    });
}

/// A gateway, and the configuration that points at it. The file goes with the last value.
pub fn gateway() -> (
    Running,
    Vec<(&'static str, String)>,
    tempfile::NamedTempFile,
) {
    let gateway = Gateway::start(GatewayOptions::default()).unwrap();
    let account = gateway.create_service_account("qianshou-test").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), account.to_json()).unwrap();
    let settings = vec![
        ("push.fcm_account", file.path().display().to_string()),
        ("push.fcm_base_url", gateway.base_url()),
        ("push.web_contact", CONTACT.to_owned()),
        ("push.web_allow", gateway.base_url()),
    ];
    (gateway, settings, file)
}

/// Whom push services may write to.
const CONTACT: &str = "mailto:push@qianshou.example";

/// The bundle id of the made-up iPhone app.
pub const TOPIC: &str = "cn.example.qianshou";

/// A gateway, and the configuration that makes this provider use it. The folder goes with the last value.
pub fn gateway_for(
    provider: PushProvider,
) -> (Running, Vec<(&'static str, String)>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let gateway = Gateway::start(GatewayOptions::default()).unwrap();
    let settings = match provider {
        PushProvider::Fcm => {
            let account = gateway.create_service_account("qianshou-test").unwrap();
            vec![
                (
                    "push.fcm_account",
                    write("account.json", &account.to_json()),
                ),
                ("push.fcm_base_url", gateway.base_url()),
                ("push.web_contact", CONTACT.to_owned()),
                ("push.web_allow", gateway.base_url()),
            ]
        }
        PushProvider::WebPush | PushProvider::UnifiedPush => vec![
            ("push.web_contact", CONTACT.to_owned()),
            ("push.web_allow", gateway.base_url()),
        ],
        PushProvider::Apns => {
            let key = gateway.create_apns_key(TOPIC).unwrap();
            vec![
                ("push.apns_key", write("key.p8", key.pem())),
                ("push.apns_key_id", key.key_id().to_owned()),
                ("push.apns_team_id", key.team_id().to_owned()),
                ("push.apns_topic", TOPIC.to_owned()),
                ("push.apns_base_url", gateway.apns_base_url()),
                ("push.apns_root", write("root.pem", gateway.apns_root())),
            ]
        }
        PushProvider::JPush => {
            let app = gateway.create_jpush_app();
            vec![
                ("push.jpush_app_key", app.app_key().to_owned()),
                ("push.jpush_master_secret", app.master_secret().to_owned()),
                ("push.jpush_base_url", gateway.base_url()),
            ]
        }
        PushProvider::WeCom => wecom_settings(&gateway),
    };
    (gateway, settings, folder)
}

/// An organisation of WeCom at this gateway, as a server is told of it.
pub fn wecom_settings(gateway: &Running) -> Vec<(&'static str, String)> {
    let app = gateway.create_wecom_app();
    vec![
        ("push.wecom_corp_id", app.corp_id().to_owned()),
        ("push.wecom_agent_id", app.agent_id().to_string()),
        ("push.wecom_secret", app.secret().to_owned()),
        ("push.wecom_base_url", gateway.base_url()),
        ("push.wecom_authorize_url", gateway.wecom_authorize_url()),
    ]
}

/// Somebody with a phone that this provider's pushes reach by this token.
pub async fn member_with(app: &TestApp, provider: PushProvider, token: &str) -> Client {
    let phone = member_with_phone(app, &format!("before-{token}")).await;
    subscribe(&phone, provider, token).await;
    phone
}

/// The app on the phone brings a token.
pub async fn subscribe(phone: &Client, provider: PushProvider, token: &str) {
    let path = format!("/v1/devices/{}/push-subscription", phone.device.unwrap());
    phone
        .put(&path, json!({ "provider": provider, "token": token }))
        .await
        .expect(200);
}

/// A provider's standing as all nodes see it, and why.
pub fn standing_of(app: &TestApp, provider: PushProvider) -> Option<(String, Option<String>)> {
    push_providers::table
        .find(provider)
        .select((push_providers::state, push_providers::reason))
        .first(&mut app.connection())
        .optional()
        .unwrap()
}

/// Waits until a provider stands so; answers why.
pub async fn comes_to(app: &TestApp, provider: PushProvider, state: &str) -> Option<String> {
    for _ in 0..300 {
        if let Some((now, reason)) = standing_of(app, provider)
            && now == state
        {
            return reason;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "{provider} is {:?}, not {state}",
        standing_of(app, provider)
    );
}

/// Everything the gateway accepted so far.
pub fn accepted(gateway: &Running) -> Vec<Value> {
    gateway.received(Query {
        limit: Some(1000),
        which: Which::Accepted,
        ..Query::default()
    })
}

/// Waits until the gateway accepted so many in all.
pub async fn arrived(gateway: &Running, count: u64) {
    assert!(
        gateway.wait_for_accepted(count, PATIENCE).await,
        "{count} pushes did not arrive: {:?}",
        gateway.stats()
    );
}

/// Somebody with a phone that pushes reach by this token.
pub async fn member_with_phone(app: &TestApp, token: &str) -> Client {
    let member = app.member().await;
    make::subscribed_phone(app, &member, token).await
}

/// Tells these users something, as a command of the service does; answers the occurrence.
pub async fn tell(
    app: &TestApp,
    kind: NotificationKind,
    title: &str,
    users: &[Uid],
    worth: i64,
) -> Uid {
    tell_later(app, kind, title, users, 0, worth).await
}

/// The same, whose push is due only after this long.
pub async fn tell_later(
    app: &TestApp,
    kind: NotificationKind,
    title: &str,
    users: &[Uid],
    after: i64,
    worth: i64,
) -> Uid {
    let now = app.now();
    let occurrence = Uid::new(now);
    let what = Announcement {
        kind,
        title: Text {
            zh: title.into(),
            en: title.into(),
        },
        body: Text::default(),
        subject: None,
        campaign: None,
        occurrence,
        not_before: now.plus(after),
        ramp: None,
        expires_at: now.plus(after).plus(worth),
    };
    let recipients: Vec<Recipient> = users
        .iter()
        .map(|user| Recipient {
            user: *user,
            place: Default::default(),
        })
        .collect();
    app.data
        .db
        .write(move |c| announce(c, now, &what, &recipients))
        .await
        .unwrap();
    app.data.outbox.notify_waiters();
    occurrence
}

/// A delivery as it stands in the outbox.
#[derive(Debug, Clone, Queryable)]
pub struct Stands {
    pub id: Uid,
    pub state: String,
    pub attempts: i64,
    pub next_at: Micros,
    pub code: Option<String>,
}

/// The deliveries of an occurrence, in the order of their phones.
pub fn outbox(app: &TestApp, occurrence: Uid) -> Vec<Stands> {
    deliveries::table
        .inner_join(notifications::table)
        .filter(notifications::occurrence_id.eq(occurrence))
        .select((
            deliveries::id,
            deliveries::state,
            deliveries::attempts,
            deliveries::next_at,
            deliveries::last_code,
        ))
        .order(deliveries::device_id)
        .load(&mut app.connection())
        .unwrap()
}

/// Waits until the only delivery of an occurrence stands so.
pub async fn stands(app: &TestApp, occurrence: Uid, state: &str) -> Stands {
    let mut last = None;
    for _ in 0..300 {
        let found = outbox(app, occurrence);
        assert_eq!(found.len(), 1);
        if found[0].state == state {
            return found[0].clone();
        }
        last = Some(found[0].clone());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the delivery did not come to {state}: {last:?}");
}

/// How a phone's push stands, as its owner reads it.
pub async fn push_state(app: &TestApp, phone: &Client) -> String {
    // The clock may have passed the token's end.
    let phone = make::renewed(app, phone);
    let path = format!("/v1/devices/{}", phone.device.unwrap());
    phone.get(&path).await.expect(200)["push_state"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The strikes against a phone's token.
pub fn strikes(app: &TestApp, phone: &Client) -> i64 {
    devices::table
        .find(phone.device.unwrap())
        .select(devices::push_strikes)
        .first(&mut app.connection())
        .unwrap()
}

/// The phone's token becomes this one, which its provider never gave out: what is stored is not always what would be
/// taken today.
pub fn spoil_token(app: &TestApp, phone: &Client, token: &str) {
    let device = phone.device.unwrap();
    let sealed = app.data.vault.seal("devices.push_token", device.0, token);
    diesel::update(devices::table.find(device))
        .set(devices::push_token.eq(sealed.unwrap()))
        .execute(&mut app.connection())
        .unwrap();
}

// --- accounts of WeCom ---

/// A link for the caller to scan.
pub async fn wecom_link(who: &Client) -> String {
    let made = who
        .post("/v1/me/channels/wecom/binding", json!({}))
        .await
        .expect(201);
    made["url"].as_str().unwrap().to_owned()
}

/// Opens a link as this member of the organisation (or `outside`); where WeCom sends them back to.
pub async fn scan(link: &str, member: &str) -> String {
    let page = reqwest::get(link).await.unwrap();
    assert_eq!(page.status(), 200, "{}", page.text().await.unwrap());
    let link = link.split('#').next().unwrap();
    let approve = link.replace("/authorize?", &format!("/approve?as={member}&"));
    let calm = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let back = calm.get(approve).send().await.unwrap();
    assert_eq!(back.status(), 302, "{}", back.text().await.unwrap());
    back.headers()["location"].to_str().unwrap().to_owned()
}

/// The path and query of where WeCom sends somebody back to, at whatever address this server is known by.
pub fn path_back(back: &str) -> String {
    back[back.find("/v1/").unwrap()..].to_owned()
}

/// Comes back from WeCom and presses the page's button; what the server says then.
pub async fn come_back(app: &TestApp, back: &str) -> Answer {
    let back = path_back(back);
    let asked = app.anonymous().get(&back).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let confirmed = format!("{back}&confirm={}", tag_on(&asked.text));
    app.anonymous().get(&confirmed).await
}

/// Binds an account of WeCom as its member does: a link, a scan, a page, its button. Answers the device that it is.
pub async fn bind_wecom(app: &TestApp, who: &Client, member: &str) -> Uid {
    let bound = come_back(app, &scan(&wecom_link(who).await, member).await).await;
    assert_eq!(bound.status, 200, "{}", bound.text);
    let device = wecom(app, who).await["device_id"].clone();
    device.as_str().unwrap().parse().unwrap()
}

/// A member with an account of WeCom of this name.
pub async fn member_on_wecom(app: &TestApp, name: &str) -> Client {
    let member = app.member().await;
    bind_wecom(app, &member, name).await;
    member
}

/// How WeCom stands for somebody, as they read it.
pub async fn wecom(app: &TestApp, who: &Client) -> Value {
    // The clock may have passed the token's end.
    let who = make::renewed(app, who);
    who.get("/v1/me/channels").await.expect(200)["items"][0].clone()
}

/// Whether pushes reach somebody's account.
pub async fn wecom_state(app: &TestApp, who: &Client) -> String {
    wecom(app, who).await["state"].as_str().unwrap().to_owned()
}

/// What the page's button sends beside code and state.
pub fn tag_on(page: &str) -> String {
    let rest = page.split("name=\"confirm\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

// --- browsers ---

/// What browsers subscribe for.
pub async fn web_key(client: &Client) -> String {
    client.get("/v1/push/web-key").await.expect(200)["public_key"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Where a phone tells where its pushes go.
pub fn path_of(phone: &Client) -> String {
    format!("/v1/devices/{}/push-subscription", phone.device.unwrap())
}

/// What it tells of a subscription.
pub fn body_of(provider: &str, s: &WebSubscription) -> Value {
    json!({ "provider": provider, "endpoint": s.endpoint, "keys": { "p256dh": s.p256dh, "auth": s.auth } })
}

/// A member whose browser subscribed at this gateway.
pub async fn member_with_browser(app: &TestApp, gateway: &Running) -> (Client, WebSubscription) {
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
pub fn elsewhere(gateway: &Running, endpoint: &str) -> WebSubscription {
    WebSubscription {
        endpoint: endpoint.into(),
        ..gateway.create_subscription(None).unwrap()
    }
}

/// A fault of the push service of browsers.
pub fn web_fault(fault: FaultKind) -> FaultRule {
    FaultRule::new(fault).at_web_push()
}

/// How many requests the gateway refused so far.
pub fn count_refused(gateway: &Running) -> usize {
    gateway
        .received(Query {
            which: Which::Refused,
            limit: Some(1000),
            ..Query::default()
        })
        .len()
}

/// An app with keys of its own, and a gateway and more places that it may ask.
pub async fn start_asking(
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

/// The databases that are here.
pub fn backends() -> impl Iterator<Item = Backend> {
    [Backend::Sqlite, Backend::Postgres]
        .into_iter()
        .filter(|b| *b == Backend::Sqlite || postgres::cluster().is_some())
}
