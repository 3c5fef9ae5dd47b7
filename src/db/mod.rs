//! The database facade: `Db::read` is a read-only snapshot, `Db::write` one transaction.
//!
//! Each side is a bounded queue in front of threads that own their connections,
//! so nothing waits without bound: a full queue or a missed deadline is 503, and so is a database that hangs.
//! On SQLite one writer thread commits many jobs at once (`writer`); on
//! PostgreSQL each write has a connection and a transaction of its own.

mod conn;
mod groups;
mod lanes;
pub mod meta;
pub mod migrate;
mod passing;
mod plans;
mod prepared;
pub mod schema;
mod scope;
pub mod together;
pub mod types;
mod violation;
mod writer;

pub use conn::{DbConn, MultiBackend};
pub use groups::groups;
pub use plans::{indexed, paged, unhurried};
pub use types::{Day, Fen, Json, Micros, Uid};
pub use violation::{Violation, violation};
pub use writer::transact;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{AppError, AppResult, Code};
use lanes::Lane;

/// Which database a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file path.
    Sqlite(String),
    /// A `postgres://` URL.
    Postgres(String),
}

impl Target {
    /// Reads a database URL; a scheme that is neither is refused by name.
    pub fn parse(url: &str) -> Result<Target, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(
                    "sqlite: needs the path of a file; an in-memory database cannot be shared"
                        .into(),
                );
            }
            Ok(Target::Sqlite(path.to_owned()))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Target::Postgres(url.to_owned()))
        } else {
            let scheme = url.split(':').next().unwrap_or_default();
            Err(format!(
                "database URL scheme '{scheme}' is not known; use sqlite:PATH or postgres://…"
            ))
        }
    }
}

#[derive(Debug, Clone)]
pub struct DbOptions {
    pub target: Target,
    /// Connections that read.
    pub readers: usize,
    /// Connections that write (PostgreSQL; SQLite has one).
    pub writers: usize,
    /// Jobs that may wait on each side before the next one is refused.
    pub queue: usize,
    /// How long a job may wait before it is refused instead of run.
    pub deadline: Duration,
    /// How long one statement may run, and wait for a lock (PostgreSQL).
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
}

#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    options: DbOptions,
    readers: Lane<lanes::ReadJob>,
    writer: Lane<writer::Write>,
    opened: Instant,
    /// When somebody who waits for it last asked for a write, in milliseconds since it was opened.
    asked: AtomicU64,
}

/// Whoever wrote within this may well be about to write again.
const LATELY: Duration = Duration::from_millis(100);
/// Rows of a page that gives way.
const SMALL: i64 = 20;

impl Db {
    /// Opens the connections; fails at once when the database cannot be reached.
    pub fn open(options: DbOptions) -> Result<Db, String> {
        let (readers, writer) = (lanes::start_readers(&options)?, writer::start(&options)?);
        Ok(Db {
            inner: Arc::new(Inner {
                options,
                readers,
                writer,
                opened: Instant::now(),
                asked: AtomicU64::new(0),
            }),
        })
    }

    pub fn target(&self) -> &Target {
        &self.inner.options.target
    }
    pub fn is_sqlite(&self) -> bool {
        matches!(self.inner.options.target, Target::Sqlite(_))
    }
    /// Jobs waiting now: (reads, writes).
    pub fn waiting(&self) -> (usize, usize) {
        (self.inner.readers.len(), self.inner.writer.len())
    }

    /// How much work that nobody waits for does in a transaction, of the most that it may. SQLite has one writer: while
    /// somebody needs it no page keeps them waiting for longer than their own write takes.
    pub fn page(&self, most: i64) -> i64 {
        let asked = Duration::from_millis(self.inner.asked.load(Ordering::Relaxed));
        let asked_for = self.inner.opened.elapsed().saturating_sub(asked) < LATELY;
        match self.is_sqlite() && asked_for {
            true => most.min(SMALL),
            false => most,
        }
    }

    /// Runs `f` on a read-only snapshot. `f` runs once: a connection lost before it is replaced,
    /// one lost under it is 503.
    pub async fn read<T, F>(&self, f: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConn) -> AppResult<T> + Send + 'static,
    {
        let (job, waiting) = lanes::read_job(f, self.inner.options.deadline);
        self.inner.readers.push(job)?;
        let answer = waiting.answer(&self.inner.options).await;
        answer.map_err(come_again)
    }

    /// Runs `f` as one transaction and answers once it is durable.
    ///
    /// `f` may run more than once (a deadlock on PostgreSQL, a lost batch on
    /// SQLite), but it is applied exactly once or not at all. It holds SQL and
    /// pure decisions only: no network, no hashing of passwords, no files.
    pub async fn write<T, F>(&self, f: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConn) -> AppResult<T> + Send + 'static,
    {
        let now = self.inner.opened.elapsed().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.inner.asked.fetch_max(now, Ordering::Relaxed);
        self.write_behind(f).await
    }

    /// The same for work that nobody waits for: what jobs do, pages of a campaign, pushes on their way.
    pub async fn write_behind<T, F>(&self, f: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: Fn(&mut DbConn) -> AppResult<T> + Send + 'static,
    {
        let (job, waiting) = writer::job(f, self.inner.options.deadline);
        self.inner.writer.push(job)?;
        let answer = waiting.answer(&self.inner.options).await;
        answer.map_err(come_again)
    }
}

/// Opens one connection with this project's settings.
pub fn connect(target: &Target, write: bool) -> Result<DbConn, String> {
    match target {
        Target::Sqlite(path) => {
            let mut c = diesel::sqlite::SqliteConnection::establish(path)
                .map_err(|e| format!("cannot open the SQLite file {path}: {e}"))?;
            // The log is copied back every 32 MiB: a commit of fifty operations of sync fills the usual 4 soon.
            // The busy timeout first: switching to WAL itself can find the file busy.
            let mut pragmas = String::from(
                "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
                 PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; \
                 PRAGMA cache_size=-16384; PRAGMA mmap_size=268435456; PRAGMA wal_autocheckpoint=8000;",
            );
            if !write {
                pragmas.push_str(" PRAGMA query_only=ON;");
            }
            c.batch_execute(&pragmas)
                .map_err(|e| format!("cannot set up the SQLite file {path}: {e}"))?;
            Ok(DbConn::Sqlite(c))
        }
        Target::Postgres(url) => {
            let bounded = with_patience(url);
            let mut c = diesel::pg::PgConnection::establish(&bounded).map_err(|e| {
                format!(
                    "cannot reach PostgreSQL: {}",
                    without_password(&e.to_string(), url)
                )
            })?;
            c.batch_execute(
                "SET statement_timeout='15s'; SET lock_timeout='5s'; \
                 SET idle_in_transaction_session_timeout='20s'; SET client_min_messages=warning; \
                 SET timezone='UTC'; SET application_name='qianshou';",
            )
            .map_err(|e| format!("cannot set up the PostgreSQL session: {e}"))?;
            Ok(DbConn::Pg(c))
        }
    }
}

/// How long a server is waited for that does not answer, and one that vanished: libpq's own answer is hours. What
/// the address says for itself stays.
const PATIENCE: &[(&str, &str)] = &[
    ("connect_timeout", "5"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "25000"),
];

fn with_patience(url: &str) -> String {
    let mut whole = url.to_owned();
    let given = url.split_once('?').map_or("", |(_, options)| options);
    for (name, value) in PATIENCE {
        let named = |option: &str| option.split('=').next() == Some(name);
        if !given.split('&').any(named) {
            whole.push(if whole.contains('?') { '&' } else { '?' });
            whole.push_str(&format!("{name}={value}"));
        }
    }
    whole
}

fn without_password(text: &str, url: &str) -> String {
    let secret = url
        .split("://")
        .nth(1)
        .and_then(|r| r.split('@').next())
        .and_then(|u| u.split(':').nth(1));
    match secret {
        Some(secret) if !secret.is_empty() => text.replace(secret, "***"),
        _ => text.to_owned(),
    }
}

/// Whether a failure passes by itself, so that the whole write is worth another try.
pub fn passes(e: &diesel::result::Error) -> bool {
    passing::passing(e).is_some()
}

/// What passes by itself is 503 with Retry-After, and its cause a line in the log.
fn come_again(e: AppError) -> AppError {
    match &e {
        AppError::Db(cause) => match passing::passing(cause) {
            Some(what) => {
                tracing::warn!(?what, %cause, "the database could not answer now");
                overloaded()
            }
            None => e,
        },
        _ => e,
    }
}

pub(crate) fn overloaded() -> AppError {
    AppError::later(Code::Overloaded, 1 + rand::random_range(0..3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_waited_for_as_long_as_its_address_says_or_as_we_do() {
        let usual = "connect_timeout=5&keepalives_idle=10&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=25000";
        let bare = "postgres://q:w%3Fo@db.example/q";
        assert_eq!(with_patience(bare), format!("{bare}?{usual}"));
        let own = format!("{bare}?sslmode=verify-full&connect_timeout=2");
        let rest = usual.strip_prefix("connect_timeout=5").unwrap_or_default();
        assert_eq!(with_patience(&own), format!("{own}{rest}"));
    }
}
