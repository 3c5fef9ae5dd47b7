//! Bounded queues in front of threads that own a connection each.

use diesel::connection::SimpleConnection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::{DbConn, DbOptions, Target, connect, overloaded};
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

type Run = Box<dyn FnOnce(Result<&mut DbConn, AppError>) -> Health + Send>;

pub struct ReadJob {
    run: Run,
    deadline: Instant,
}

/// Whether the connection can serve the next job.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum Health {
    Good,
    Broken,
}

pub fn read_job<T, F>(f: F, deadline: Duration) -> (ReadJob, oneshot::Receiver<AppResult<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut DbConn) -> AppResult<T> + Send + 'static,
{
    let (tx, rx) = oneshot::channel();
    let run: Run = Box::new(move |conn| {
        let (result, health) = match conn {
            Err(refusal) => (Err(refusal), Health::Good),
            Ok(c) => snapshot(c, f),
        };
        // The caller may have gone (a closed connection): nobody is left to answer.
        drop(tx.send(result));
        health
    });
    (
        ReadJob {
            run,
            deadline: Instant::now() + deadline,
        },
        rx,
    )
}

fn snapshot<T>(
    c: &mut DbConn,
    f: impl FnOnce(&mut DbConn) -> AppResult<T>,
) -> (AppResult<T>, Health) {
    let begin = match c {
        DbConn::Pg(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        DbConn::Sqlite(_) => "BEGIN",
    };
    if let Err(e) = c.batch_execute(begin) {
        return (Err(e.into()), Health::Broken);
    }
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
        let (rx, target) = (rx.clone(), options.target.clone());
        let mut conn = Some(connect(&target, false)?);
        std::thread::Builder::new()
            .name(format!("db-read-{n}"))
            .spawn(move || {
                while let Ok(job) = rx.recv() {
                    serve(&mut conn, &target, job);
                }
            })
            .map_err(|e| e.to_string())?;
    }
    Ok(Lane::new(tx))
}

fn serve(conn: &mut Option<DbConn>, target: &Target, job: ReadJob) {
    if Instant::now() > job.deadline {
        (job.run)(Err(overloaded()));
        return;
    }
    match reconnected(conn, target, false) {
        Ok(c) => {
            if (job.run)(Ok(c)) == Health::Broken {
                *conn = None;
            }
        }
        Err(e) => {
            (job.run)(Err(e));
        }
    }
}

/// The connection, opened again if the last job lost it.
pub fn reconnected<'a>(
    conn: &'a mut Option<DbConn>,
    target: &Target,
    write: bool,
) -> AppResult<&'a mut DbConn> {
    if conn.is_none() {
        match connect(target, write) {
            Ok(c) => *conn = Some(c),
            Err(e) => {
                tracing::error!(cause = %e, "the database cannot be reached");
                return Err(overloaded());
            }
        }
    }
    conn.as_mut()
        .ok_or_else(|| AppError::internal("no connection"))
}
