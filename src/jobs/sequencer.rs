//! Gives committed feed and audit rows their positions, on PostgreSQL.
//!
//! A sequence's numbers become visible out of order, so a row is written without
//! one; here, one node at a time numbers what has committed. SQLite numbers in
//! the write itself.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::schema::{changes, feed_lineage};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};

/// Rows numbered in one transaction at most.
const BATCH: i64 = 5_000;

/// Numbers what waits; true when a batch was full and more may wait.
pub fn run(c: &mut DbConn) -> AppResult<bool> {
    let DbConn::Pg(c) = c else { return Ok(false) };
    // In a statement of its own: the next one's snapshot then begins after the lock was got.
    c.batch_execute("SELECT pg_advisory_xact_lock(7237042)")?;
    let numbered = diesel::sql_query(format!(
        "UPDATE changes SET pos = n.pos FROM (SELECT w.seq, nextval('feed_pos') AS pos FROM \
         (SELECT seq FROM changes WHERE pos IS NULL ORDER BY seq LIMIT {BATCH}) w) n WHERE changes.seq = n.seq"
    ))
    .execute(c)?;
    diesel::sql_query(format!(
        "UPDATE audit_entries SET seq = n.pos FROM (SELECT w.id, nextval('audit_seq') AS pos FROM \
         (SELECT id FROM audit_entries WHERE seq IS NULL ORDER BY id LIMIT {BATCH}) w) n WHERE audit_entries.id = n.id"
    ))
    .execute(c)?;
    Ok(numbered as i64 == BATCH)
}

#[derive(QueryableByName)]
struct Cluster {
    #[diesel(sql_type = Text)]
    system_identifier: String,
    #[diesel(sql_type = BigInt)]
    timeline: i64,
}

/// Which cluster answers, and on which of its timelines.
fn cluster(c: &mut DbConn) -> AppResult<Cluster> {
    match c {
        DbConn::Sqlite(_) => Ok(Cluster { system_identifier: String::new(), timeline: 0 }),
        DbConn::Pg(c) => diesel::sql_query(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier, \
             (SELECT timeline_id::bigint FROM pg_control_checkpoint()) AS timeline",
        )
        .get_result(c)
        .map_err(AppError::from),
    }
}

/// Notes a start: a cursor given out before a restore names a lineage that then does not fit.
pub fn note_start(c: &mut DbConn, now: Micros) -> AppResult<()> {
    let cluster = cluster(c)?;
    let start: Option<i64> = changes::table
        .select(diesel::dsl::max(changes::pos))
        .first(c)?;
    diesel::insert_into(feed_lineage::table)
        .values((
            feed_lineage::id.eq(Uid(uuid::Uuid::from_bytes(rand::random()))),
            feed_lineage::start_pos.eq(start.unwrap_or(0)),
            feed_lineage::system_identifier.eq(cluster.system_identifier),
            feed_lineage::timeline.eq(cluster.timeline),
            feed_lineage::at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Whether the cluster is another one, or on another timeline, than was noted last: cheap, and reads only.
pub fn moved_on(c: &mut DbConn) -> AppResult<bool> {
    let seen = cluster(c)?;
    let known: Option<(String, i64)> = feed_lineage::table
        .order((feed_lineage::at.desc(), feed_lineage::start_pos.desc()))
        .select((feed_lineage::system_identifier, feed_lineage::timeline))
        .first(c)
        .optional()?;
    Ok(!known
        .is_some_and(|(id, timeline)| id == seen.system_identifier && timeline == seen.timeline))
}

/// Notes that the server was restored or failed over beneath a running node; true when it was.
pub fn watch(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    if let DbConn::Pg(c) = c {
        // Of many nodes that see it one notes it.
        c.batch_execute("SELECT pg_advisory_xact_lock(7237044)")?;
    }
    if !moved_on(c)? {
        return Ok(false);
    }
    note_start(c, now)?;
    Ok(true)
}
