//! Gives committed feed and audit rows their positions, on PostgreSQL, and notes from where on the
//! feed is another one than phones know.
//!
//! A sequence's numbers become visible out of order, so a row is written without
//! one; here, one node at a time numbers what has committed. SQLite numbers in
//! the write itself.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::db::schema::{changes, feed_lineage, meta};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};

/// Feed rows numbered in one transaction at most: phones wait for the first of them as long as for the last.
const BATCH: i64 = 1_000;
/// Audit entries likewise; nobody waits for them.
const ENTRIES: i64 = 5_000;

/// Who holds it numbers, or notes a lineage: never two at once, and never one between the other's
/// reading and writing.
const LOCK: i64 = 7_237_042;

/// The same for the audit, so that it keeps no phone waiting.
const AUDIT_LOCK: i64 = 7_237_044;

/// Where `meta` keeps the last position given out, on PostgreSQL.
const HEAD: &str = "feed_head";

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

#[derive(QueryableByName)]
struct Numbered {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// Numbers what waits of the feed; true when a batch was full and more may wait. Part of a write: the lock is the
/// transaction's.
///
/// It waits for nobody. While another node numbers there is nothing to do here, and a row that an open
/// transaction holds is numbered once that has ended: both come again with the next round.
pub fn run(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let DbConn::Pg(pg) = c else { return Ok(false) };
    set_limits(pg)?;
    // Each question is a statement of its own: the snapshot that numbers begins after the lock was got.
    if !any(
        pg,
        "SELECT EXISTS (SELECT FROM changes WHERE pos IS NULL) AS yes",
    )? || !try_lock(pg, LOCK)?
    {
        return Ok(false);
    }
    // Before the first number: one given out after a restore must not stand under the lineage before it.
    if moved_on(c)? {
        note(c, now)?;
    }
    let head = head(c)?;
    let DbConn::Pg(pg) = c else { return Ok(false) };
    let feed = number_feed(pg, head)?;
    if let Some(last) = feed.last {
        diesel::update(meta::table.find(HEAD))
            .set(meta::value.eq(last.to_string()))
            .execute(pg)?;
    }
    Ok(feed.rows == BATCH)
}

/// The same for the audit, whose numbers its seals go by.
pub fn run_audit(c: &mut DbConn) -> AppResult<bool> {
    let DbConn::Pg(pg) = c else { return Ok(false) };
    set_limits(pg)?;
    let waits = "SELECT EXISTS (SELECT FROM audit_entries WHERE seq IS NULL) AS yes";
    if !any(pg, waits)? || !try_lock(pg, AUDIT_LOCK)? {
        return Ok(false);
    }
    Ok(number_audit(pg)? == ENTRIES)
}

/// Bounds this transaction: a node that is stopped in the middle of it (a frozen machine, a cut network)
/// keeps the others from numbering no longer than this. And it goes by the indexes, whatever the
/// statistics say of a feed that was filled a moment ago.
fn set_limits(c: &mut PgConnection) -> AppResult<()> {
    Ok(c.batch_execute(
        "SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '5s'; \
         SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
    )?)
}

fn any(c: &mut PgConnection, question: &str) -> AppResult<bool> {
    let found: Answer = diesel::sql_query(question).get_result(c)?;
    Ok(found.yes)
}

/// Takes the lock if nobody holds it or waits for it.
fn try_lock(c: &mut PgConnection, lock: i64) -> AppResult<bool> {
    let got: Answer = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS yes")
        .bind::<BigInt, _>(lock)
        .get_result(c)?;
    Ok(got.yes)
}

fn number_feed(c: &mut PgConnection, head: i64) -> AppResult<Numbered> {
    Ok(diesel::sql_query(
        "WITH w AS (SELECT seq FROM changes WHERE pos IS NULL ORDER BY seq LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED), \
         n AS (SELECT seq, $2 + row_number() OVER (ORDER BY seq) AS pos FROM w), \
         u AS (UPDATE changes SET pos = n.pos FROM n WHERE changes.seq = n.seq RETURNING changes.pos) \
         SELECT count(*) AS rows, max(pos) AS last FROM u",
    )
    .bind::<BigInt, _>(BATCH)
    .bind::<BigInt, _>(head)
    .get_result(c)?)
}

fn number_audit(c: &mut PgConnection) -> AppResult<i64> {
    let numbered = diesel::sql_query(
        "UPDATE audit_entries SET seq = n.pos FROM (SELECT w.id, nextval('audit_seq') AS pos FROM \
         (SELECT id FROM audit_entries WHERE seq IS NULL ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED) w) n \
         WHERE audit_entries.id = n.id",
    )
    .bind::<BigInt, _>(ENTRIES)
    .execute(c)?;
    Ok(numbered as i64)
}

/// The last position given out in this very history of the database.
///
/// On PostgreSQL not the greatest that stands in the feed: a record that changes gives its position up and
/// waits for the next one, and the newest row may be just that.
fn head(c: &mut DbConn) -> AppResult<i64> {
    let newest: Option<i64> = changes::table
        .select(diesel::dsl::max(changes::pos))
        .first(c)?;
    let newest = newest.unwrap_or(0);
    if c.is_sqlite() {
        return Ok(newest);
    }
    let given: String = meta::table.find(HEAD).select(meta::value).first(c)?;
    let given: i64 = given
        .parse()
        .map_err(|_| AppError::internal("meta does not say how far the feed is numbered"))?;
    // Never below what stands there: somebody may have put a table back by hand.
    Ok(given.max(newest))
}

#[derive(QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    instance: String,
    #[diesel(sql_type = BigInt)]
    timeline: i64,
}

/// Which server answers, on which of its timelines, with which tables.
///
/// Each way back in time changes one of these: another cluster has another system identifier, a replica
/// that took over and a recovery to a point in time have another timeline (read from the log's own file
/// name: the control file tells only at the next checkpoint, minutes later), a disk's snapshot starts the
/// server anew, and a dump makes its tables anew.
fn server(c: &mut DbConn) -> AppResult<Server> {
    match c {
        DbConn::Sqlite(_) => Ok(Server {
            instance: String::new(),
            timeline: 0,
        }),
        DbConn::Pg(c) => diesel::sql_query(
            "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()), \
             (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, \
             (SELECT oid FROM pg_database WHERE datname = current_database()), \
             'changes'::regclass::oid) AS instance, \
             ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline",
        )
        .get_result(c)
        .map_err(AppError::from),
    }
}

/// Waits until nobody numbers or notes, and keeps others from it until the transaction ends.
fn lock(c: &mut DbConn) -> AppResult<()> {
    if let DbConn::Pg(c) = c {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(LOCK)
            .execute(c)?;
    }
    Ok(())
}

/// Notes a start: a cursor given out before a restore names a lineage that then does not fit. Part of a
/// write: between reading how far the feed is numbered and the commit nothing may be numbered.
pub fn note_start(c: &mut DbConn, now: Micros) -> AppResult<()> {
    lock(c)?;
    note(c, now)
}

fn note(c: &mut DbConn, now: Micros) -> AppResult<()> {
    let server = server(c)?;
    let before: Option<i64> = feed_lineage::table
        .select(diesel::dsl::max(feed_lineage::at))
        .first(c)?;
    // Later than the one before, whatever this node's clock says: their order is that of their making.
    let at = before.map_or(now, |before| now.max(Micros(before).plus(1)));
    diesel::insert_into(feed_lineage::table)
        .values((
            feed_lineage::id.eq(Uid::new(at)),
            feed_lineage::start_pos.eq(head(c)?),
            feed_lineage::instance.eq(server.instance),
            feed_lineage::timeline.eq(server.timeline),
            feed_lineage::at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Whether the server is another one, or on another timeline, than was noted last: cheap, and reads only.
pub fn moved_on(c: &mut DbConn) -> AppResult<bool> {
    let seen = server(c)?;
    let known: Option<(String, i64)> = feed_lineage::table
        .order((
            feed_lineage::at.desc(),
            feed_lineage::start_pos.desc(),
            feed_lineage::id.desc(),
        ))
        .select((feed_lineage::instance, feed_lineage::timeline))
        .first(c)
        .optional()?;
    Ok(known.is_none_or(|known| known != (seen.instance, seen.timeline)))
}

/// Notes that the server was restored or failed over beneath a running node; true when it was. Part of a
/// write, as `note_start` is; of many nodes that see it one notes it.
pub fn watch(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    lock(c)?;
    if !moved_on(c)? {
        return Ok(false);
    }
    note(c, now)?;
    Ok(true)
}
