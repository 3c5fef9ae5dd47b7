//! Whether a cursor still speaks of this feed, or of one that a restore has taken back.
//!
//! A lineage is noted at each start, and whenever the database turns out to be another one: its id, and the
//! last position given out before it (`start_pos`). A cursor names the lineage that was the newest when it
//! was given out. After a restore the next lineage begins where the backup ended. A cursor from after the
//! backup is past that beginning, or names a lineage that the backup has never heard of.
//!
//! This needs no word from the operator, and it holds only if three things do: a cursor's lineage and its
//! position come from one snapshot; nothing is numbered after a restore before its lineage is noted; and
//! lineages stand in the order of their making, whatever the clocks say (`jobs::sequencer` sees to both).

use diesel::prelude::*;

use crate::db::schema::{changes, feed_lineage};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};

/// How far the clocks of two nodes may be apart.
const CLOCKS_APART: i64 = 10 * Micros::MINUTE;

#[derive(Queryable)]
struct Lineage {
    id: Uid,
    start_pos: i64,
    at: i64,
}

const COLUMNS: (feed_lineage::id, feed_lineage::start_pos, feed_lineage::at) =
    (feed_lineage::id, feed_lineage::start_pos, feed_lineage::at);

/// The lineage that a cursor given out now belongs to.
pub fn newest(c: &mut DbConn) -> AppResult<Uid> {
    feed_lineage::table
        .order((
            feed_lineage::at.desc(),
            feed_lineage::start_pos.desc(),
            feed_lineage::id.desc(),
        ))
        .select(feed_lineage::id)
        .first(c)
        .optional()?
        .ok_or_else(|| {
            AppError::internal("no start of this server was noted in the feed's lineage")
        })
}

/// Whether the feed up to `pos` is what it was when a cursor with this lineage was given out. A cursor with
/// several positions asks with the greatest.
pub fn holds(c: &mut DbConn, lineage: Uid, pos: i64) -> AppResult<bool> {
    let Some(known) = find(c, lineage)? else {
        return Ok(false);
    };
    Ok(successor(c, &known)?.is_none_or(|next| pos <= next.start_pos))
}

/// For a cursor that does not hold: until when the backup surely has what phones were told is stored. What was
/// acknowledged later may be missing, and is to be pushed again; what is not comes back as `duplicate`. So
/// this rather errs to the early side.
///
/// The restore was noted by the lineage that follows the cursor's. What stood in the feed before it came with
/// the backup, and so did everything acknowledged before the last of that was even begun: its time is the
/// answer, or that of the lineage before, which came with the backup too. As the feed's rows move on with
/// their records the answer grows earlier, never later. Clocks are given some minutes; where they make
/// no sense at all, the answer is the beginning of time.
pub fn restored_at(c: &mut DbConn, lineage: Uid) -> AppResult<Micros> {
    let restore = match find(c, lineage)? {
        Some(known) => successor(c, &known)?,
        // Unknown to the backup, so noted after it and before the restore; its id tells when.
        None => match noted_at(lineage) {
            Some(at) => first_after(c, at.plus(-CLOCKS_APART))?,
            None => None,
        },
    };
    let Some(restore) = restore else {
        return Ok(Micros(0));
    };
    let feed: Option<i64> = changes::table
        .filter(changes::pos.le(restore.start_pos))
        .order(changes::pos.desc())
        .select(changes::at)
        .first(c)
        .optional()?;
    let start: Option<i64> = feed_lineage::table
        .filter(feed_lineage::at.lt(restore.at))
        .order(feed_lineage::at.desc())
        .select(feed_lineage::at)
        .first(c)
        .optional()?;
    let last = feed.max(start).unwrap_or(0).min(restore.at);
    Ok(Micros(last.saturating_sub(CLOCKS_APART).max(0)))
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<Lineage>> {
    Ok(feed_lineage::table
        .find(id)
        .select(COLUMNS)
        .first(c)
        .optional()?)
}

fn successor(c: &mut DbConn, of: &Lineage) -> AppResult<Option<Lineage>> {
    use feed_lineage::{at, id, start_pos};
    let farther = start_pos
        .gt(of.start_pos)
        .or(start_pos.eq(of.start_pos).and(id.gt(of.id)));
    Ok(feed_lineage::table
        // Says what the other condition implies, for the index.
        .filter(at.ge(of.at))
        .filter(at.gt(of.at).or(farther))
        .order((at, start_pos, id))
        .select(COLUMNS)
        .first(c)
        .optional()?)
}

fn first_after(c: &mut DbConn, time: Micros) -> AppResult<Option<Lineage>> {
    use feed_lineage::{at, id, start_pos};
    Ok(feed_lineage::table
        .filter(at.gt(time.0))
        .order((at, start_pos, id))
        .select(COLUMNS)
        .first(c)
        .optional()?)
}

/// When a lineage was noted, as its id tells, to the millisecond.
fn noted_at(lineage: Uid) -> Option<Micros> {
    let (seconds, nanos) = lineage.0.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    Some(Micros(seconds.checked_mul(Micros::SECOND)?).plus(i64::from(nanos / 1000)))
}
