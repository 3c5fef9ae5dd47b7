//! How PostgreSQL looks for a few rows of a table that has grown within seconds, and when it waits for the disk.
//!
//! Its plans go by what it last knew of a table, and what a connection has prepared while a table was small is kept
//! for a while. An outbox that a campaign filled a moment ago would be read whole, again and again, for some hundred
//! rows. Work that takes a page at a time of what is indexed says so. SQLite goes by its indexes anyway.

use diesel::connection::SimpleConnection;

use super::DbConn;
use crate::error::AppResult;

/// What follows in this transaction finds its rows by indexes.
pub fn indexed(c: &mut DbConn) -> AppResult<()> {
    set(
        c,
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
    )
}

/// Reads a page in the order of an index: what lies behind the page is not sorted for it.
pub fn paged<R>(c: &mut DbConn, f: impl FnOnce(&mut DbConn) -> AppResult<R>) -> AppResult<R> {
    set(
        c,
        "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off",
    )?;
    let page = f(c)?;
    set(
        c,
        "SET LOCAL enable_sort = on; SET LOCAL enable_bitmapscan = on",
    )?;
    Ok(page)
}

/// This transaction is committed before it is on the disk. Only for a step of work that begins again after the last step
/// that is there, and of which nobody outside hears but by a later commit, which takes it along to the disk.
pub fn unhurried(c: &mut DbConn) -> AppResult<()> {
    set(c, "SET LOCAL synchronous_commit = off")
}

fn set(c: &mut DbConn, how: &str) -> AppResult<()> {
    if let DbConn::Pg(c) = c {
        c.batch_execute(how)?;
    }
    Ok(())
}
