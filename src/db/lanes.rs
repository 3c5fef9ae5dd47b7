//! Bounded queues in front of threads that own a connection each.

use diesel::connection::SimpleConnection;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::{DbConn, DbOptions, connect, overloaded};
use crate::error::{AppError, AppResult};

pub struct Lane<J> {
    queue: flume::Sender<J>,
}

impl<J> Lane<J> {
    pub fn new(queue: flume::Sender<J>) -> Self {
        Lane { queue }
    }
    /// Never waits: a full queue is 503 with Retry-After.
    pub fn push(&self, job: J) -> AppResult<()> {
        self.queue.try_send(job).map_err(|_| overloaded())
    }
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}

/// Whether a job was begun.
pub type Begun = Arc<AtomicBool>;

/// Whoever waits for a job's answer.
pub struct Waiting<T> {
    pub answer: oneshot::Receiver<AppResult<T>>,
    pub begun: Begun,
}

impl<T> Waiting<T> {
    /// Waits, and not without end where the database hangs or is out of reach. A job that nobody has begun by its
    /// deadline will not be run. One that was begun is given up when it takes far longer than a statement may:
    /// whether such a write was done is not known.
    pub async fn answer(mut self, options: &DbOptions) -> AppResult<T> {
        let lost = |_| Err(AppError::internal("a job ended before it was answered"));
        let runs = (options.statement_timeout * 2).max(LONGEST);
        for patience in [options.deadline + LATE, runs] {
            match tokio::time::timeout(patience, &mut self.answer).await {
                Ok(answer) => return answer.unwrap_or_else(lost),
                Err(_) if !self.begun.load(Ordering::Acquire) => break,
                Err(_) => {}
            }
        }
        Err(overloaded())
    }
}

/// Between a job's deadline and its being given up: nobody begins it by then.
const LATE: Duration = Duration::from_millis(250);
/// A job may take this whatever a statement may.
const LONGEST: Duration = Duration::from_secs(30);

type Run = Box<dyn FnOnce(Result<&mut DbConn, AppError>) -> Health + Send>;

pub struct ReadJob {
    run: Run,
    begun: Begun,
    deadline: Instant,
}

/// Whether the connection can serve the next job.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum Health {
    Good,
    Broken,
}

pub fn read_job<T, F>(f: F, deadline: Duration) -> (ReadJob, Waiting<T>)
where
    T: Send + 'static,
    F: FnOnce(&mut DbConn) -> AppResult<T> + Send + 'static,
{
    let (tx, answer) = oneshot::channel();
    let begun = Begun::default();
    let run: Run = Box::new(move |conn| {
        let (result, health) = match conn {
            Err(refusal) => (Err(refusal), Health::Good),
            Ok(c) => in_snapshot(c, f),
        };
        // The caller may have gone (a closed connection): nobody is left to answer.
        drop(tx.send(result));
        health
    });
    (
        ReadJob {
            run,
            begun: begun.clone(),
            deadline: Instant::now() + deadline,
        },
        Waiting { answer, begun },
    )
}

fn open_snapshot(c: &mut DbConn) -> diesel::QueryResult<()> {
    c.batch_execute(match c {
        DbConn::Pg(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        DbConn::Sqlite(_) => "BEGIN",
    })
}

/// Runs a read in the snapshot that is open, and closes it.
fn in_snapshot<T>(
    c: &mut DbConn,
    f: impl FnOnce(&mut DbConn) -> AppResult<T>,
) -> (AppResult<T>, Health) {
    let result = catch_unwind(AssertUnwindSafe(|| f(c)))
        .unwrap_or_else(|_| Err(AppError::internal("a read panicked")));
    match c.batch_execute("COMMIT") {
        Ok(()) => (result, Health::Good),
        Err(e) => (result.and(Err(e.into())), Health::Broken),
    }
}

pub fn start_readers(options: &DbOptions) -> Result<Lane<ReadJob>, String> {
    let (tx, rx) = flume::bounded::<ReadJob>(options.queue);
    for n in 0..options.readers.max(1) {
        let (rx, options) = (rx.clone(), options.clone());
        let mut conn = Some(open(&options, false)?);
        std::thread::Builder::new()
            .name(format!("db-read-{n}"))
            .spawn(move || {
                while let Ok(job) = rx.recv() {
                    serve(&mut conn, &options, job);
                }
            })
            .map_err(|e| e.to_string())?;
    }
    Ok(Lane::new(tx))
}

fn serve(conn: &mut Option<DbConn>, options: &DbOptions, job: ReadJob) {
    if Instant::now() > job.deadline {
        (job.run)(Err(overloaded()));
        return;
    }
    job.begun.store(true, Ordering::Release);
    let health = match with_snapshot(conn, options) {
        Ok(c) => (job.run)(Ok(c)),
        Err(e) => (job.run)(Err(e)),
    };
    if health == Health::Broken {
        *conn = None;
    }
}

/// A connection with a snapshot open. One that was lost since the last job (a restart, a failover)
/// shows here, before the job has run, so a fresh one is tried once.
fn with_snapshot<'a>(
    conn: &'a mut Option<DbConn>,
    options: &DbOptions,
) -> AppResult<&'a mut DbConn> {
    if let Err(e) = open_snapshot(reconnected(conn, options, false)?) {
        tracing::warn!(cause = %e, "a reading connection was lost; it is opened again");
        *conn = None;
        if let Err(e) = open_snapshot(reconnected(conn, options, false)?) {
            *conn = None;
            return Err(e.into());
        }
    }
    conn.as_mut()
        .ok_or_else(|| AppError::internal("no connection"))
}

/// The connection, opened again if the last job lost it.
pub fn reconnected<'a>(
    conn: &'a mut Option<DbConn>,
    options: &DbOptions,
    write: bool,
) -> AppResult<&'a mut DbConn> {
    if conn.is_none() {
        match open(options, write) {
            Ok(c) => *conn = Some(c),
            Err(e) => {
                tracing::error!(cause = %e, "the database cannot be reached");
                return Err(overloaded());
            }
        }
    }
    let c = conn
        .as_mut()
        .ok_or_else(|| AppError::internal("no connection"))?;
    plan_anew(c);
    Ok(c)
}

/// How long PostgreSQL may go by plans that it made once.
const PLANS: Duration = Duration::from_secs(10);

thread_local! {
    static PLANNED: Cell<Instant> = Cell::new(Instant::now());
}

/// A prepared statement's plan stays until the statistics change, which on a database that fills for the first
/// time is a minute away: until then it reads whole tables that were empty when it was made. Between two
/// transactions; each thread has one connection.
fn plan_anew(c: &mut DbConn) {
    if let DbConn::Pg(c) = c
        && PLANNED.get().elapsed() > PLANS
    {
        PLANNED.set(Instant::now());
        // A connection that was lost shows with the transaction that follows.
        let _ = c.batch_execute("DISCARD PLANS");
    }
}

/// A connection with the configured patience.
pub fn open(options: &DbOptions, write: bool) -> Result<DbConn, String> {
    let mut c = connect(&options.target, write)?;
    if let DbConn::Pg(c) = &mut c {
        c.batch_execute(&format!(
            "SET statement_timeout={}; SET lock_timeout={}",
            options.statement_timeout.as_millis(),
            options.lock_timeout.as_millis()
        ))
        .map_err(|e| format!("cannot set up the PostgreSQL session: {e}"))?;
    }
    Ok(c)
}
