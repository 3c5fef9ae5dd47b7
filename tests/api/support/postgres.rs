//! The tests' PostgreSQL: one cluster for the run, a filled template, a copy of it for each test.

use diesel::connection::SimpleConnection;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::cluster::{self, Cluster};
use super::place;
use qianshou::db::{Target, connect};

pub struct Databases {
    cluster: Cluster,
    next: AtomicU32,
}

/// The cluster, or nothing where PostgreSQL is not installed: loud, and in CI a failure.
pub fn cluster() -> Option<&'static Databases> {
    static CLUSTER: OnceLock<Option<Databases>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| {
            let Some(bin) = cluster::binaries() else {
                let required = std::env::var("QIANSHOU_TEST_POSTGRES").is_ok_and(|v| v == "required");
                assert!(!required, "PostgreSQL's server is not installed, and QIANSHOU_TEST_POSTGRES=required");
                super::loud("PostgreSQL's server is not installed: every test of it is LEFT OUT. `bash tests/run` installs it.");
                return None;
            };
            // Nothing of a test needs to outlive a power cut.
            let quick = "-c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c max_wal_size=256MB";
            let cluster = cluster::start(&bin, place::place(), quick);
            let template = cluster.make("template_qianshou");
            super::fill(&mut connect(&Target::Postgres(template), true).unwrap());
            Some(Databases { cluster, next: AtomicU32::new(0) })
        })
        .as_ref()
}

impl Databases {
    /// A copy of the migrated and filled template.
    pub fn new_database(&self) -> String {
        let name = format!("t{}", self.next.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.cluster.admin();
        let made = format!("CREATE DATABASE {name} TEMPLATE template_qianshou STRATEGY wal_log");
        // Two copies of one template at once are refused; the next try finds it free.
        for _ in 0..100 {
            match admin.batch_execute(&made) {
                Ok(()) => return self.cluster.url(&name),
                Err(_) => std::thread::sleep(Duration::from_millis(30)),
            }
        }
        panic!("cannot copy the template database");
    }

    /// Removes what `new_database` made, whoever is still connected: a run makes hundreds, 12 MB each.
    /// What is of another cluster ends with that.
    pub fn drop_database(&self, url: &str) {
        let Some(name) = url.strip_prefix(&self.cluster.url("")) else {
            return;
        };
        let gone = format!("DROP DATABASE {name} WITH (FORCE)");
        self.cluster.admin().batch_execute(&gone).unwrap();
    }

    /// An empty database, not migrated.
    pub fn empty_database(&self) -> String {
        self.cluster
            .make(&format!("e{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
