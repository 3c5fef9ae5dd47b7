//! The database is away for half a minute, in the middle of a campaign: real servers, a PostgreSQL cluster that
//! crashes, an SQLite file that another process holds. And push services of browsers that mean no good.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::beside;
use crate::support::campaign::scheduled;
use crate::support::crowd::*;
use crate::support::gateway_process::GatewayProcess;
use crate::support::process::Process;
use crate::support::pushing::{self, *};
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::auth::policy::Role;
use qianshou::crypto::BlindColumn;
use qianshou::db::schema::{deliveries, devices};
use qianshou::db::{Micros, Target, connect};
use qianshou::notifications::model::NotificationKind::VisitReturned;
use qianshou::push::gateway::{FaultKind, FaultRule, WebSubscription};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

beside! {
    a_campaign_outlives_what_is_away_for_half_a_minute:
        the_database_is_away,
        the_database_hangs,
        push_services_that_mean_no_good_hold_up_nobody,
}

const PATIENCE: Duration = Duration::from_secs(60);
const AWAY: Duration = Duration::from_secs(30);
/// Sends at once; what was under way when the database went may come twice.
const UNDER_WAY: usize = 8;
const CROWD: usize = 200;

/// A campaign of a crowd, under way by a server and slow enough to be interrupted.
struct UnderWay {
    app: TestApp,
    gateway: GatewayProcess,
    server: Process,
    author: Client,
    path: String,
}

async fn under_way(app: TestApp) -> UnderWay {
    let gateway = GatewayProcess::start();
    let tokens: Vec<String> = (0..CROWD)
        .map(|n| format!("token-of-somebody-{n}"))
        .collect();
    crowd(&app, PushProvider::Fcm, &tokens).await;
    let author = app.user(Role::CampaignOrganiser, COUNTY).await;
    let approver = app.user(Role::CampaignOrganiser, COUNTY).await;
    app.pause().await;
    let slow = FaultRule {
        ms: Some(250),
        ..FaultRule::new(FaultKind::Slow)
    };
    gateway.add_faults(vec![slow]).await;
    let at_once = UNDER_WAY.to_string();
    let more = [
        ("push.concurrency", at_once.as_str()),
        ("push.lease_seconds", "10"),
    ];
    let server = Process::start(&app, &gateway.settings(), &more);
    let author = author.at(&server.url);
    let path = scheduled(&author, &approver.at(&server.url), app.now()).await;
    gateway.arrived(20, PATIENCE).await;
    UnderWay {
        app,
        gateway,
        server,
        author,
        path,
    }
}

impl UnderWay {
    /// A write of somebody at their desk.
    async fn write(&self) -> Answer {
        let began = Instant::now();
        let answer = self.author.post("/v1/campaigns", self.another()).await;
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(10),
            "a write took {took:?} to be refused"
        );
        answer
    }

    fn another(&self) -> Value {
        let text = json!({ "title": "{campaign}", "body": "{day}" });
        json!({ "area": COUNTY, "starts_on": "2099-07-11", "theme": "members_day", "title": "另一个活动日",
            "audience": { "areas": [VILLAGE], "roles": ["field_member"] }, "message_zh": text, "message_en": text })
    }

    /// Once it is back: the server is well again by itself, and whoever was to be told is told.
    async fn recovers(mut self) {
        let until = Instant::now() + Duration::from_secs(10);
        while self
            .author
            .post("/v1/campaigns", self.another())
            .await
            .status
            != 201
        {
            assert!(
                Instant::now() < until,
                "it does not recover: {}",
                self.server.log()
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        settled(&self.app, PATIENCE).await;
        assert!(self.server.runs());
        let results = self
            .author
            .get(&format!("{}/results", self.path))
            .await
            .expect(200);
        assert_eq!(results["total"]["accepted"], CROWD, "{results}");
        let again = none_lost(&self.app, &self.gateway.all_accepted().await);
        assert!(again <= 2 * UNDER_WAY, "{again} came twice");
        assert_eq!(
            self.gateway.count("duplicates").await as usize,
            again,
            "by the same id"
        );
    }
}

async fn the_database_is_away(backend: Backend) {
    match backend {
        Backend::Sqlite => a_file_that_another_process_holds().await,
        Backend::Postgres => a_cluster_that_crashes().await,
    }
}

/// A cluster of this test alone, and a campaign on it.
async fn on_a_cluster_of_its_own() -> (cluster::Cluster, UnderWay) {
    let bin = cluster::binaries().unwrap();
    let quick = "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB";
    let own = cluster::start(&bin, place::place(), quick);
    let url = own.make("campaign");
    fill(&mut connect(&Target::Postgres(url.clone()), true).unwrap());
    let dir = place::folder();
    let settings = vec![("push.worker", "false".into())];
    let app = TestApp::on(Backend::Postgres, url, dir, settings).await;
    (own, under_way(app).await)
}

/// No connection breaks, and nothing is answered: a machine that stands still, or a network.
async fn the_database_hangs(backend: Backend) {
    if backend == Backend::Sqlite {
        return;
    }
    let (own, busy) = on_a_cluster_of_its_own().await;
    own.hang(true);
    // What the server itself asks takes every connection there is.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let still = Instant::now();
    while still.elapsed() < Duration::from_secs(15) {
        busy.author.get(&busy.path).await.problem(503, "overloaded");
        busy.write().await.problem(503, "overloaded");
    }
    own.hang(false);
    busy.recovers().await;
}

async fn a_cluster_that_crashes() {
    let (mut own, busy) = on_a_cluster_of_its_own().await;
    own.crash();
    let gone = Instant::now();
    while gone.elapsed() < AWAY {
        let refused = busy.author.get(&busy.path).await;
        assert!(refused.header("retry-after").is_some());
        refused.problem(503, "overloaded");
        busy.write().await.problem(503, "overloaded");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    own.revive();
    busy.recovers().await;
}

async fn a_file_that_another_process_holds() {
    let app = TestApp::start(Backend::Sqlite, vec![("push.worker", "false".into())]).await;
    let busy = under_way(app).await;
    let mut own = busy.app.connection();
    own.batch_execute("PRAGMA busy_timeout=20000; BEGIN EXCLUSIVE")
        .unwrap();
    let held = Instant::now();
    while held.elapsed() < AWAY {
        busy.write().await.problem(503, "overloaded");
        // Reading goes on beside it.
        busy.author.get(&busy.path).await.expect(200);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    own.batch_execute("COMMIT").unwrap();
    busy.recovers().await;
}

// --- push services ---

/// Puts another address behind a phone's subscription, as if it had been allowed once.
fn moved_to(app: &TestApp, phone: &Client, endpoint: &str, s: &WebSubscription) {
    let device = phone.device.unwrap();
    let token = json!({ "endpoint": endpoint, "p256dh": s.p256dh, "auth": s.auth }).to_string();
    let vault = &app.data.vault;
    let sealed = vault.seal("devices.push_token", device.0, &token).unwrap();
    let index = vault.blind(BlindColumn::PushToken, endpoint);
    diesel::update(devices::table.find(device))
        .set((
            devices::push_token.eq(sealed),
            devices::push_token_index.eq(index),
        ))
        .execute(&mut app.connection())
        .unwrap();
}

/// A place that answers with these bytes, or never; it tells how many knocked.
async fn place(answer: String) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let knocks = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
    let counted = knocks.clone();
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let answer = answer.clone();
            actix_web::rt::spawn(async move {
                drop(stream.read(&mut [0; 8192]).await);
                if answer.is_empty() {
                    tokio::time::sleep(PATIENCE).await;
                }
                drop(stream.write_all(answer.as_bytes()).await);
            });
        }
    });
    (format!("http://{address}"), knocks)
}

/// The same command where a name of the internet leads to this machine: with a list of hosts of its own, which the
/// system's resolver reads. Nothing, where a process may have none.
fn misled(command: &Command, name: &str) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|o| o.status.success()) {
        loud(
            "a process may have no list of hosts of its own here: no name is made to lead home, and that part is LEFT OUT.",
        );
        return None;
    }
    let hosts = scratch().join(format!("hosts-{}", make::unique()));
    std::fs::write(&hosts, format!("127.0.0.1 localhost\n127.0.0.1 {name}\n")).unwrap();
    let mut wrapped = Command::new("unshare");
    wrapped
        .args([
            "-rm",
            "sh",
            "-c",
            "mount --bind \"$0\" /etc/hosts && exec \"$@\"",
        ])
        .arg(hosts)
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap());
    for (key, value) in command.get_envs() {
        wrapped.env(key, value.unwrap_or_default());
    }
    Some(wrapped)
}

async fn push_services_that_mean_no_good_hold_up_nobody(backend: Backend) {
    const NAME: &str = "push.somewhere.example.org";
    let (gateway, mut settings, _account) = pushing::gateway();
    let mut own = settings.clone();
    own.push(("push.worker", "false".into()));
    let app = TestApp::start(backend, own).await;
    let (home, knocks) = place(String::new()).await;
    let (mute, _) = place(String::new()).await;
    let (trap, trapped) = place("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n".into()).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {trap}/secret\r\ncontent-length: 0\r\n\r\n"
    );
    let (sideways, _) = place(redirect).await;
    let allow = format!("{},{mute},{sideways}", gateway.base_url());
    settings.retain(|(key, _)| *key != "push.web_allow");
    settings.extend([("push.web_allow", allow), ("push.abroad", "true".into())]);
    let port = home.rsplit(':').next().unwrap().to_owned();
    let mut command = Process::command(&app, &settings, &[]);
    command.arg("serve");
    let wrapped = misled(&command, NAME);
    let mut cases = vec![
        (
            format!("https://127.0.0.1:{port}/x"),
            "suppressed",
            "endpoint_private",
        ),
        (format!("{mute}/x"), "retry", "timeout"),
        (format!("{sideways}/x"), "dead_letter", "http_307"),
    ];
    if wrapped.is_some() {
        cases.push((
            format!("https://{NAME}:{port}/x"),
            "dead_letter",
            "endpoint_private",
        ));
    }
    let mut phones = Vec::new();
    for (endpoint, ..) in &cases {
        let (phone, made) = pushing::member_with_browser(&app, &gateway).await;
        moved_to(&app, &phone, endpoint, &made);
        phones.push(phone);
    }
    // Nobody of these holds up whoever has a push service that works.
    let mut good = Vec::new();
    for _ in 0..3 {
        good.push(pushing::member_with_browser(&app, &gateway).await.0.id);
    }
    let mut told = Vec::new();
    for phone in &phones {
        told.push(
            tell(
                &app,
                VisitReturned,
                "走访记录已退回",
                &[phone.id],
                Micros::DAY,
            )
            .await,
        );
    }
    tell(&app, VisitReturned, "走访记录已退回", &good, Micros::DAY).await;
    app.pause().await;
    let mut server = Process::serving(wrapped.unwrap_or(command));
    for (occurrence, (endpoint, state, code)) in told.iter().zip(&cases) {
        let until = Instant::now() + PATIENCE;
        loop {
            let stands = &pushing::outbox(&app, *occurrence)[0];
            if stands.state == *state && stands.code.as_deref() == Some(*code) {
                break;
            }
            assert!(Instant::now() < until, "{endpoint}: {stands:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert!(gateway.wait_for_accepted(3, PATIENCE).await);
    let knocked =
        |of: &std::sync::atomic::AtomicUsize| of.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(
        (knocked(&knocks), knocked(&trapped)),
        (0, 0),
        "nobody was asked who must not be"
    );
    assert!(server.runs());
    let live: i64 = devices::table
        .filter(devices::push_state.eq("live"))
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    assert_eq!(
        live as usize,
        cases.len() + 3,
        "one bad answer costs no phone its push"
    );
    let waiting: i64 = deliveries::table
        .filter(deliveries::state.eq("accepted"))
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    assert_eq!(waiting, 3);
    gateway.stop().await;
}
