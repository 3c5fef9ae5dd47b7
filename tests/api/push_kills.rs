//! Real processes, killed by signal: what was approved is sent, whenever the process dies.

use std::time::Duration;

use crate::support::process::Process;
use crate::support::pushing::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::push::gateway::{FaultKind, FaultRule, Running};

struct Prepared {
    app: TestApp,
    gateway: Running,
    settings: Vec<(&'static str, String)>,
    author: Client,
    approver: Client,
    phone: Client,
    _account: tempfile::NamedTempFile,
}

/// People and a phone in a database that no process of this test serves any more.
async fn prepared(backend: Backend) -> Prepared {
    let (gateway, settings, account) = gateway();
    let app = TestApp::start(backend, vec![("push.worker", "false".into())]).await;
    let author = app.user(Role::CampaignOrganiser, COUNTY).await;
    let approver = app.user(Role::CampaignOrganiser, COUNTY).await;
    let phone = member_with_phone(&app, "token-of-a-member").await;
    app.pause().await;
    Prepared {
        app,
        gateway,
        settings,
        author,
        approver,
        phone,
        _account: account,
    }
}

/// The campaign of these people through a process.
async fn scheduled(p: &Prepared, server: &Process, send_at: Micros) -> String {
    let (author, approver) = (p.author.at(&server.url), p.approver.at(&server.url));
    campaign::scheduled(&author, &approver, send_at).await
}

async fn results_become(p: &Prepared, server: &Process, path: &str, wanted: Value) {
    let author = p.author.at(&server.url);
    let mut last = Value::Null;
    for _ in 0..200 {
        last = author.get(&format!("{path}/results")).await.expect(200)["total"].clone();
        if last == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the results are {last}, not {wanted}");
}

fn figures(accepted: i64) -> Value {
    json!({ "targeted": 1, "without_push": 0, "accepted": accepted, "displayed": 0, "opened": 0, "done": 0, "acknowledged": 0, "suppressed": 0 })
}

fn on_both(body: fn(Prepared) -> std::pin::Pin<Box<dyn Future<Output = ()>>>) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            continue;
        }
        actix_web::rt::System::new().block_on(async move { body(prepared(backend).await).await });
    }
}

#[test]
fn killed_between_approval_and_the_reminders_time() {
    on_both(|p| {
        Box::pin(async move {
            let server = Process::start(&p.app, &p.settings, &[]);
            let path = scheduled(&p, &server, p.app.now().plus(2 * Micros::SECOND)).await;
            server.kill();
            assert_eq!(p.gateway.stats().accepted, 0);
            let server = Process::start(&p.app, &p.settings, &[]);
            arrived(&p.gateway, 1).await;
            results_become(&p, &server, &path, figures(1)).await;
            assert_eq!(
                p.phone
                    .at(&server.url)
                    .get("/v1/notifications")
                    .await
                    .expect(200)["items"]
                    .as_array()
                    .unwrap()
                    .len(),
                1
            );
        })
    });
}

#[test]
fn killed_between_the_outbox_and_the_sending() {
    on_both(|p| {
        Box::pin(async move {
            // This process fills inbox and outbox and never sends.
            let server = Process::start(&p.app, &p.settings, &[("push.worker", "false")]);
            let path = scheduled(&p, &server, p.app.now()).await;
            results_become(&p, &server, &path, figures(0)).await;
            server.kill();
            assert_eq!(p.gateway.stats().accepted, 0);
            let server = Process::start(&p.app, &p.settings, &[]);
            arrived(&p.gateway, 1).await;
            results_become(&p, &server, &path, figures(1)).await;
            assert_eq!(p.gateway.stats().duplicates, 0);
        })
    });
}

#[test]
fn killed_while_it_sends() {
    on_both(|p| {
        Box::pin(async move {
            let slow = FaultRule {
                ms: Some(1500),
                ..FaultRule::new(FaultKind::Slow).times(1)
            };
            p.gateway.add_faults(vec![slow]).unwrap();
            let server = Process::start(&p.app, &p.settings, &[]);
            let path = scheduled(&p, &server, p.app.now()).await;
            // On its way: an access token was granted, and the gateway holds the answer back.
            for _ in 0..200 {
                if p.gateway.stats().token_grants == 1 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            server.kill();
            // The lease runs out, and another process sends it.
            let server = Process::start(&p.app, &p.settings, &[]);
            results_become(&p, &server, &path, figures(1)).await;
            let stats = p.gateway.stats();
            assert!(
                (1..=2).contains(&stats.accepted),
                "at most what was in flight comes twice: {stats:?}"
            );
            assert_eq!(stats.accepted - stats.duplicates, 1);
        })
    });
}
