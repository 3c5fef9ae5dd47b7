//! The writing side.
//!
//! SQLite: one thread drains the queue, opens one `BEGIN IMMEDIATE`, runs each
//! job in a savepoint of its own, commits once and only then answers all of
//! them. PostgreSQL: a few threads, a transaction a job, retried on deadlock.

use diesel::connection::{
    AnsiTransactionManager, Connection, TransactionManager, TransactionManagerStatus,
};
use diesel::sqlite::SqliteConnection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::lanes::{Begun, Lane, Waiting, open, reconnected};
use super::passing::{Passing, passing};
use super::{DbConn, DbOptions, Target, overloaded};
use crate::error::{AppError, AppResult};

/// Jobs that share one commit on SQLite.
const BATCH: usize = 256;
/// Tries of one transaction on PostgreSQL before a deadlock is the caller's 503.
const TRIES: u32 = 4;

pub type Write = Box<dyn Job>;

/// A write whose answer waits until its transaction is durable.
pub trait Job: Send {
    /// Somebody takes it up.
    fn begin(&self);
    /// Runs the closure once more and keeps its result. True: keep its effect.
    fn attempt(&mut self, c: &mut DbConn) -> bool;
    /// The last attempt failed in a way that another try may mend.
    fn retryable(&self) -> bool;
    /// Sends what `attempt` kept, or the refusal.
    fn answer(self: Box<Self>, refusal: Option<AppError>);
    fn deadline(&self) -> Instant;
}

struct Typed<T, F> {
    f: F,
    kept: Option<AppResult<T>>,
    reply: oneshot::Sender<AppResult<T>>,
    begun: Begun,
    deadline: Instant,
}

pub fn job<T, F>(f: F, deadline: Duration) -> (Write, Waiting<T>)
where
    T: Send + 'static,
    F: Fn(&mut DbConn) -> AppResult<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let begun = Begun::default();
    (
        Box::new(Typed {
            f,
            kept: None,
            reply,
            begun: begun.clone(),
            deadline: Instant::now() + deadline,
        }),
        Waiting { answer, begun },
    )
}

impl<T, F> Job for Typed<T, F>
where
    T: Send + 'static,
    F: Fn(&mut DbConn) -> AppResult<T> + Send + 'static,
{
    fn begin(&self) {
        self.begun.store(true, Ordering::Release);
    }
    fn attempt(&mut self, c: &mut DbConn) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| (self.f)(c)))
            .unwrap_or_else(|_| Err(AppError::internal("a write panicked")));
        let keep = result.is_ok();
        self.kept = Some(result);
        keep
    }
    fn retryable(&self) -> bool {
        matches!(&self.kept, Some(Err(AppError::Db(e))) if mended_by_another_try(e))
    }
    fn answer(self: Box<Self>, refusal: Option<AppError>) {
        let result = match refusal {
            Some(refusal) => Err(refusal),
            None => self
                .kept
                .unwrap_or_else(|| Err(AppError::internal("a write was never run"))),
        };
        // The caller may have gone; the write stands all the same.
        drop(self.reply.send(result));
    }
    fn deadline(&self) -> Instant {
        self.deadline
    }
}

/// PostgreSQL rolled back and asks for another try, or the connection is gone and with it all that was
/// not committed. Not after a commit: whether that arrived, a lost connection does not tell.
fn mended_by_another_try(e: &diesel::result::Error) -> bool {
    matches!(
        passing(e),
        Some(Passing::LostRace | Passing::LostConnection)
    )
}

pub fn start(options: &DbOptions) -> Result<Lane<Write>, String> {
    let (tx, rx) = flume::bounded::<Write>(options.queue);
    let threads = match options.target {
        Target::Sqlite(_) => 1,
        Target::Postgres(_) => options.writers.max(1),
    };
    for n in 0..threads {
        let (rx, options) = (rx.clone(), options.clone());
        let mut conn = Some(open(&options, true)?);
        std::thread::Builder::new()
            .name(format!("db-write-{n}"))
            .spawn(move || {
                while let Ok(first) = rx.recv() {
                    match options.target {
                        Target::Sqlite(_) => {
                            let batch = std::iter::once(first)
                                .chain(rx.try_iter().take(BATCH - 1))
                                .collect();
                            grouped(&mut conn, &options, batch);
                        }
                        Target::Postgres(_) => alone(&mut conn, &options, first),
                    }
                }
            })
            .map_err(|e| e.to_string())?;
    }
    Ok(Lane::new(tx))
}

/// One commit for many jobs; falls back to a transaction each when the outer one is lost.
fn grouped(conn: &mut Option<DbConn>, options: &DbOptions, batch: Vec<Write>) {
    let now = Instant::now();
    let (late, mut batch): (Vec<Write>, Vec<Write>) =
        batch.into_iter().partition(|j| now > j.deadline());
    late.into_iter().for_each(|j| j.answer(Some(overloaded())));
    batch.iter().for_each(|j| j.begin());
    if batch.len() < 2 {
        batch.into_iter().for_each(|j| alone(conn, options, j));
        return;
    }
    let committed = match reconnected(conn, options, true) {
        Ok(c) => try_batch(c, &mut batch),
        Err(_) => false,
    };
    if committed {
        batch.into_iter().for_each(|j| j.answer(None));
    } else {
        // A fresh connection: what the old one believes about its transactions is worth nothing now.
        *conn = None;
        batch.into_iter().for_each(|j| alone(conn, options, j));
    }
}

/// False when the batch as a whole did not become durable.
fn try_batch(c: &mut DbConn, batch: &mut [Write]) -> bool {
    if begin(c).is_err() {
        return false;
    }
    for job in batch.iter_mut() {
        if !in_savepoint(c, job) || depth(c) != Some(1) {
            // The outer transaction is gone (disk full, an I/O error): Diesel has
            // reset its depth and the next job would commit alone.
            return false;
        }
    }
    commit(c).is_ok()
}

/// False when the savepoint could not be opened or closed.
fn in_savepoint(c: &mut DbConn, job: &mut Write) -> bool {
    if begin(c).is_err() {
        return false;
    }
    let depth_before = depth(c);
    let keep = job.attempt(c);
    // A panic inside a nested transaction leaves Diesel's depth where it was thrown.
    while depth(c).is_some_and(|d| Some(d) > depth_before) {
        if rollback(c).is_err() {
            return false;
        }
    }
    if keep {
        commit(c).is_ok()
    } else {
        rollback(c).is_ok()
    }
}

/// One job in a transaction of its own.
fn alone(conn: &mut Option<DbConn>, options: &DbOptions, mut job: Write) {
    if Instant::now() > job.deadline() {
        return job.answer(Some(overloaded()));
    }
    job.begin();
    for attempt in 1..=TRIES {
        let c = match reconnected(conn, options, true) {
            Ok(c) => c,
            Err(e) => return job.answer(Some(e)),
        };
        if let Err(e) = begin(c) {
            *conn = None;
            // Waiting for another process's lock may have taken all the time there was.
            if attempt == TRIES || Instant::now() > job.deadline() {
                return job.answer(Some(AppError::Db(e)));
            }
            continue;
        }
        let keep = job.attempt(c);
        while depth(c).is_some_and(|d| d > 1) {
            if rollback(c).is_err() {
                break;
            }
        }
        if !keep {
            if rollback(c).is_err() || depth(c).is_some_and(|d| d > 0) {
                *conn = None;
            }
            if job.retryable() && attempt < TRIES {
                std::thread::sleep(Duration::from_millis(rand::random_range(
                    1..=8 * u64::from(attempt),
                )));
                continue;
            }
            return job.answer(None);
        }
        match commit(c) {
            Ok(()) => return job.answer(None),
            Err(e) if matches!(passing(&e), Some(Passing::LostRace)) && attempt < TRIES => continue,
            Err(e) => {
                *conn = None;
                return job.answer(Some(AppError::Db(e)));
            }
        }
    }
    job.answer(Some(overloaded()));
}

/// One transaction on a connection of one's own, begun as `Db::write` begins it; not tried again.
pub fn transact<T>(c: &mut DbConn, f: impl FnOnce(&mut DbConn) -> AppResult<T>) -> AppResult<T> {
    begin(c)?;
    match f(c) {
        Ok(done) => {
            commit(c)?;
            Ok(done)
        }
        Err(e) => {
            // The first failure is the one to tell.
            drop(rollback(c));
            Err(e)
        }
    }
}

fn begin(c: &mut DbConn) -> diesel::QueryResult<()> {
    match c {
        // The outermost one takes the write lock at once: a deferred one that
        // reads first is refused when another process wrote meanwhile.
        DbConn::Sqlite(c) => match sqlite_depth(c) {
            Some(0) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
            _ => AnsiTransactionManager::begin_transaction(c),
        },
        DbConn::Pg(c) => AnsiTransactionManager::begin_transaction(c),
    }
}
fn commit(c: &mut DbConn) -> diesel::QueryResult<()> {
    crate::each_backend!(c, |c| AnsiTransactionManager::commit_transaction(c))
}
fn rollback(c: &mut DbConn) -> diesel::QueryResult<()> {
    crate::each_backend!(c, |c| AnsiTransactionManager::rollback_transaction(c))
}
/// How deep Diesel believes to be; `None` when its manager is broken.
fn depth(c: &mut DbConn) -> Option<u32> {
    match c {
        DbConn::Sqlite(c) => sqlite_depth(c),
        DbConn::Pg(c) => depth_of(AnsiTransactionManager::transaction_manager_status_mut(c)),
    }
}
fn sqlite_depth(c: &mut SqliteConnection) -> Option<u32> {
    depth_of(
        <SqliteConnection as Connection>::TransactionManager::transaction_manager_status_mut(c),
    )
}
fn depth_of(status: &mut TransactionManagerStatus) -> Option<u32> {
    match status.transaction_depth() {
        Ok(depth) => Some(depth.map_or(0, |d| d.get())),
        Err(_) => None,
    }
}
