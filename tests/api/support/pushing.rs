//! Tests with the push gateway on the other side of the wire.

use diesel::prelude::*;
use std::time::Duration;

use super::{Backend, Client, TestApp, Value, make, postgres};
use qianshou::db::schema::{deliveries, devices, notifications};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::announce::{Announcement, Recipient, Text, announce};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::gateway::{Gateway, GatewayOptions, Query, Running, Which};

/// How long a test waits for something that takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Declares tests that run with a gateway of their own, on SQLite and on PostgreSQL:
/// `pushing! { async fn name(app, gateway) { … } }`.
#[macro_export]
macro_rules! pushing {
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
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        return;
    }
    let more: Vec<_> = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    actix_web::rt::System::new().block_on(async move {
        let (gateway, mut settings, _account) = gateway();
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
    ];
    (gateway, settings, file)
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
        not_before: now,
        ramp: None,
        expires_at: now.plus(worth),
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
