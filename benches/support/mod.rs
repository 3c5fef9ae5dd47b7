//! What the benchmarks share: a durable database with one real city, accounts with tokens that outlive a
//! run, the processes that serve it, and HTTP that costs little.

// Each benchmark uses a part of it.
#![allow(dead_code)]

#[path = "../../tests/api/support/cluster.rs"]
pub mod cluster;
pub mod environment;
pub mod filler;
pub mod http;
pub mod people;
pub mod report;
pub mod rows;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;

use cluster::Cluster;
use qianshou::areas::import;
use qianshou::areas::model::{AreaLevel, AreaRow};
use qianshou::config::Config;
use qianshou::crypto::Vault;
use qianshou::db::schema::{areas, audit_entries, changes};
use qianshou::db::{Db, DbConn, Micros, Target, connect};
use qianshou::state::{App, Clock};

pub use people::Account;
// Each benchmark uses a part of it.
#[allow(unused_imports)]
pub use people::registration;

/// Where work is done unless something else is said.
pub const VILLAGE: &str = "330402007024";

pub enum Database {
    Sqlite,
    Postgres(Cluster),
}

/// SQLite, and PostgreSQL where its server is installed: a cluster of the run's own that writes durably.
pub fn databases(settings: &str) -> Vec<Database> {
    let mut out = vec![Database::Sqlite];
    match cluster::binaries() {
        Some(bin) => {
            let durable = format!("-c shared_buffers=512MB -c max_wal_size=4GB {settings}");
            out.push(Database::Postgres(cluster::start(
                &bin,
                &std::env::temp_dir(),
                &durable,
            )));
        }
        None => eprintln!("PostgreSQL's server is not installed: it is left out"),
    }
    out
}

impl Database {
    pub fn name(&self) -> &'static str {
        match self {
            Database::Sqlite => "SQLite",
            Database::Postgres(_) => "PostgreSQL",
        }
    }
}

/// A database that a server can be started on. It goes with this value.
pub struct Fixture {
    pub dir: tempfile::TempDir,
    pub url: String,
    /// What the server is, in this process: it signs tokens and seals what is filled in.
    pub app: App,
}

/// A process that ends with this value.
pub struct Running {
    child: Child,
    pub address: String,
}

impl Running {
    /// Bytes of memory of its own: heap and stacks, not the pages of files that the kernel could drop.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let own = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let number = own.and_then(|l| l.split_whitespace().next());
        number.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Fixture {
    /// A new database of this name with the city of Jiaxing.
    pub fn new(database: &Database, name: &str) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let url = match database {
            Database::Sqlite => format!("sqlite:{}", dir.path().join("bench.db").display()),
            Database::Postgres(cluster) => cluster.make(name),
        };
        let mut c = connect(&Target::parse(&url).unwrap(), true).unwrap();
        qianshou::db::migrate::run(&mut c).unwrap();
        let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/areas-3304");
        let (rows, _) = import::load(assets.as_ref()).unwrap();
        import::store(&mut c, &rows, Micros(0), "bench", |_| ()).unwrap();
        let vault = Arc::new(Vault::create(&dir.path().join("keys")).unwrap());
        // Tokens that outlive the run.
        let settings = vec![
            ("database.url", url.clone()),
            ("keys.dir", dir.path().join("keys").display().to_string()),
            ("database.readers", "1".to_owned()),
            ("database.writers", "1".to_owned()),
            ("auth.access_minutes", "60".to_owned()),
        ];
        let config = Config::from_parts(None, &BTreeMap::new(), &settings).unwrap();
        let db = Db::open(config.db_options().unwrap()).unwrap();
        let app = App::new(db, vault, Arc::new(config), Clock::default());
        Fixture { dir, url, app }
    }

    pub fn connect(&self) -> DbConn {
        connect(&Target::parse(&self.url).unwrap(), true).unwrap()
    }

    /// The server as its users run it, with limits out of the way.
    pub fn serve(&self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
        command
            .arg("serve")
            .env("QIANSHOU_SERVER__BIND", "127.0.0.1:0")
            .env("QIANSHOU_DATABASE__URL", &self.url)
            .env("QIANSHOU_KEYS__DIR", self.dir.path().join("keys"))
            .env("QIANSHOU_LIMITS__PER_SECOND", "1000000")
            .env("QIANSHOU_LIMITS__BURST", "1000000")
            .env("QIANSHOU_LOG__JSON", "true")
            .env("QIANSHOU_LOG__FILTER", "warn,qianshou::cli=info");
        started(command)
    }
}

/// Starts a process and waits for the line that names its address.
pub fn started(mut command: Command) -> Running {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the process ended").unwrap();
        if let Some(rest) = line.split("\"address\":\"").nth(1) {
            break rest.split('"').next().unwrap().to_owned();
        }
    };
    // Whoever reads no more blocks the writer in the end.
    std::thread::spawn(move || lines.for_each(|line| drop(line.map(|l| eprintln!("{l}")))));
    Running { child, address }
}

pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Waits until everything that was committed has its number, which is work of its own.
pub fn settled(c: &mut DbConn) {
    for _ in 0..3000 {
        let feed: bool = diesel::select(diesel::dsl::exists(
            changes::table.filter(changes::pos.is_null()),
        ))
        .get_result(c)
        .unwrap();
        let audit: bool = diesel::select(diesel::dsl::exists(
            audit_entries::table.filter(audit_entries::seq.is_null()),
        ))
        .get_result(c)
        .unwrap();
        if !feed && !audit {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the feed was not numbered within a minute");
}

/// Villages of the city, in the order of their codes.
pub fn villages(c: &mut DbConn) -> Vec<AreaRow> {
    areas::table
        .filter(areas::level.eq(AreaLevel::Village))
        .filter(areas::abolished_on.is_null())
        .filter(areas::code.ge("3304").and(areas::code.lt("3305")))
        .select(AreaRow::as_select())
        .order(areas::code)
        .load(c)
        .unwrap()
}
