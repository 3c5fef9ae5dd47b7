//! The app under test: a real server on a free port, with a real database of its own.

pub mod apple;
pub mod beside;
pub mod browser;
pub mod campaign;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod crowd;
pub mod cutter;
pub mod feed_reader;
pub mod gateway_process;
pub mod make;
pub mod never;
pub mod notices;
pub mod offices;
pub mod papers;
pub mod phones;
pub mod place;
pub mod postgres;
pub mod process;
pub mod pushing;
pub mod sheets;
pub mod syncing;
pub mod twins;
pub mod typed;

use actix_web::web;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

use qianshou::auth::policy::Role;
use qianshou::config::Config;
use qianshou::crypto::Vault;
use qianshou::db::{Db, DbConn, Micros, Target, connect, migrate, transact};
use qianshou::jobs::sequencer;
use qianshou::state::{App, Clock};

pub use client::{Answer, Client};
pub use serde_json::{Value, json};

/// Areas of the imported city that tests speak of.
pub const CITY: &str = "3304";
pub const COUNTY: &str = "330402";
pub const OTHER_COUNTY: &str = "330411";
pub const TOWN: &str = "330402007";
pub const OTHER_TOWN: &str = "330402008";
pub const VILLAGE: &str = "330402007024";
pub const SECOND_VILLAGE: &str = "330402007029";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Declares tests that run on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $(#[$meta])*
            async fn body($app: &$crate::support::TestApp) $body
            #[test]
            fn sqlite() {
                $crate::support::run($crate::support::Backend::Sqlite, |app| Box::pin(async move { body(app).await }));
            }
            #[test]
            fn postgres() {
                $crate::support::run($crate::support::Backend::Postgres, |app| Box::pin(async move { body(app).await }));
            }
        }
    )+};
}

type Body =
    for<'a> fn(&'a TestApp) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>;

pub fn run(backend: Backend, body: Body) {
    run_with(backend, &[], body);
}

/// The same with configuration keys of its own, such as `("database.queue", "1")`.
pub fn run_with(backend: Backend, settings: &[(&'static str, &str)], body: Body) {
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        // Said once, loudly, by `cluster`; in CI it is a failure there.
        return;
    }
    let settings: Vec<_> = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    actix_web::rt::System::new().block_on(async move {
        let app = TestApp::start(backend, settings).await;
        body(&app).await;
        app.stop().await;
    });
}

pub struct TestApp {
    pub data: web::Data<App>,
    #[allow(dead_code)] // for tests that differ by database
    pub backend: Backend,
    pub url: String,
    pub http: reqwest::Client,
    pub target: Target,
    stop: watch::Sender<bool>,
    workers: qianshou::jobs::background::Workers,
    server: actix_web::dev::ServerHandle,
    _dir: tempfile::TempDir,
}

impl TestApp {
    pub async fn start(backend: Backend, settings: Vec<(&'static str, String)>) -> TestApp {
        let dir = place::folder();
        let url = match backend {
            Backend::Sqlite => {
                let path = dir.path().join("test.db");
                std::fs::copy(sqlite_template(), &path).unwrap();
                format!("sqlite:{}", path.display())
            }
            Backend::Postgres => postgres::cluster().unwrap().new_database(),
        };
        TestApp::on(backend, url, dir, settings).await
    }

    /// The same on a database that is filled already.
    pub async fn on(
        backend: Backend,
        url: String,
        dir: tempfile::TempDir,
        settings: Vec<(&'static str, String)>,
    ) -> TestApp {
        let mut overrides = vec![
            ("server.bind", "127.0.0.1:0".to_owned()),
            ("server.workers", "1".to_owned()),
            ("database.url", url),
            ("database.readers", "2".to_owned()),
            ("database.writers", "4".to_owned()),
            ("limits.per_second", "100000".to_owned()),
            ("limits.burst", "100000".to_owned()),
            ("limits.public_per_second", "100000".to_owned()),
            ("limits.public_burst", "100000".to_owned()),
            ("auth.argon_memory_kib", "8".to_owned()),
            ("push.ramp_seconds", "0".to_owned()),
            // Whatever the time of day, and however many pushes a test makes.
            ("push.quiet_hours", String::new()),
            ("push.daily_cap", "0".to_owned()),
            ("push.daily_campaigns", "0".to_owned()),
            ("push.digest_seconds", "0".to_owned()),
            ("keys.dir", scratch().join("keys").display().to_string()),
        ];
        // Keys of its own for a test that changes them.
        let own_keys = settings.iter().find(|s| s.0 == "keys.dir");
        let vault = own_keys.map_or_else(vault, |(_, dir)| {
            Arc::new(Vault::create(dir.as_ref()).unwrap())
        });
        overrides.extend(settings);
        let config = Config::from_parts(None, &BTreeMap::new(), &overrides).unwrap();
        let target = config.target().unwrap();
        let db = Db::open(config.db_options().unwrap()).unwrap();
        let data = web::Data::new(App::new(db, vault, Arc::new(config), Clock::default()));
        // As every start is noted.
        let mut own = connect(&target, true).unwrap();
        transact(&mut own, |c| sequencer::note_start(c, data.clock.now())).unwrap();
        let (server, address) = qianshou::cli::serve::listen(&data, data.config.bind).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let (stop, stopped) = watch::channel(false);
        let workers = qianshou::jobs::background::start(&data, &stopped).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        TestApp {
            data,
            backend,
            url: format!("http://{address}"),
            http,
            target,
            stop,
            workers,
            server: handle,
            _dir: dir,
        }
    }

    /// Ends server and loops; the database stays.
    pub async fn pause(&self) {
        self.stop.send_replace(true);
        self.server.stop(false).await;
    }

    pub async fn stop(self) {
        self.pause().await;
        let patience = Duration::from_secs(10);
        assert!(self.workers.ended(patience).await, "a loop did not end");
        // Whatever the test was about.
        let server = self.url.trim_start_matches("http://");
        let mut c = connect(&self.target, true).unwrap();
        typed::assert_not_in_the_audit(&mut c, server);
        drop(c);
        if let Target::Postgres(url) = &self.target {
            postgres::cluster().unwrap().drop_database(url);
        }
    }

    /// Somebody with one assignment.
    pub async fn user(&self, role: Role, area: &str) -> Client {
        self.user_with(&[(role, area)]).await
    }

    /// Somebody with several assignments, signed in.
    pub async fn user_with(&self, assignments: &[(Role, &str)]) -> Client {
        make::user(self, assignments).await
    }

    pub async fn member(&self) -> Client {
        self.user(Role::FieldMember, VILLAGE).await
    }
    pub async fn coordinator(&self) -> Client {
        self.user(Role::Coordinator, TOWN).await
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Client {
        Client::new(self, None)
    }

    /// A connection of one's own, to look behind the API.
    pub fn connection(&self) -> DbConn {
        connect(&self.target, true).unwrap()
    }

    pub fn advance(&self, micros: i64) {
        self.data.clock.advance(micros);
        self.data.outbox.notify_waiters();
    }

    pub fn now(&self) -> Micros {
        self.data.clock.now()
    }
}

/// Says something that the test harness does not swallow.
pub fn loud(text: &str) {
    use std::io::Write;
    let line = format!("\n*** {text} ***\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// One vault for the whole run: making keys is not what most tests are about.
pub fn vault() -> Arc<Vault> {
    static VAULT: OnceLock<Arc<Vault>> = OnceLock::new();
    VAULT
        .get_or_init(|| {
            let dir = scratch().join("keys");
            Arc::new(Vault::create(&dir).unwrap())
        })
        .clone()
}

/// A folder for the run, removed by the operating system's cleaning of /tmp at the latest.
pub fn scratch() -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        tempfile::Builder::new()
            .prefix("qianshou-test-")
            .tempdir()
            .unwrap()
            .keep()
    })
    .clone()
}

/// Migrates and fills an empty database as tests expect it: one city, the consent texts.
pub fn fill(c: &mut DbConn) {
    migrate::run(c).unwrap();
    let (areas, _) = qianshou::areas::import::load(&assets("areas-3304")).unwrap();
    qianshou::areas::import::store(c, &areas, Micros(0), "test", |_| ()).unwrap();
    qianshou::people::texts::seed(c).unwrap();
    qianshou::insurance::catalogue::seed(c).unwrap();
    qianshou::campaigns::festivals::seed(c, Clock::default().now()).unwrap();
}

pub fn assets(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("assets")
        .join(name)
}

fn sqlite_template() -> &'static PathBuf {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        use diesel::connection::SimpleConnection;
        let path = scratch().join("template.db");
        let mut c = connect(&Target::Sqlite(path.display().to_string()), true).unwrap();
        fill(&mut c);
        // One file, nothing left in the write-ahead log.
        c.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        path
    })
}
