//! How long the audit is kept: what is older than `audit.keep_months` is removed in whole batches, the oldest first.
//!
//! The seals stay, so that the chain verifies from there on, and an entry says what was removed. A batch that does
//! not fit its seal is evidence, and stays.

use diesel::prelude::*;
use serde::Serialize;

use super::seal::{chain, lock};
use super::{Stored, put};
use crate::auth::Action;
use crate::db::schema::{audit_entries, audit_seals};
use crate::db::types::china;
use crate::db::{DbConn, Micros};
use crate::error::{AppError, AppResult};

/// No configuration keeps it shorter: six months, of which the shortest have 181 days.
pub const SHORTEST: i64 = 181 * Micros::DAY;
/// Entries removed in one write, but for a batch that is larger.
const AT_ONCE: i64 = 1_000;
/// Seals looked at in one write.
const SEALS: i64 = 200;

/// What the entry about a removal says.
#[derive(Serialize)]
struct Removal {
    what: &'static str,
    entries: i64,
    first: i64,
    last: i64,
}

/// The instant before which entries have been kept long enough.
pub fn until(now: Micros, months: i64) -> AppResult<Micros> {
    let today = china().to_datetime(now.timestamp());
    let then = today
        .checked_sub(jiff::Span::new().months(months))
        .map_err(AppError::internal)?;
    let then = china().to_timestamp(then).map_err(AppError::internal)?;
    Ok(Micros(then.as_microsecond()))
}

/// Removes the oldest batches that have been kept for so many months; true when there may be more. Part of a write.
pub fn expire(c: &mut DbConn, now: Micros, months: i64) -> AppResult<bool> {
    let until = until(now, months)?;
    if oldest(c, until)?.is_empty() {
        return Ok(false);
    }
    lock(c)?;
    let mut due = oldest(c, until)?;
    let mut most = AT_ONCE;
    due.truncate(
        due.iter()
            .enumerate()
            .take_while(|(i, (first, last, _))| {
                most -= last - first + 1;
                *i == 0 || most >= 0
            })
            .count(),
    );
    let mut removed: Option<(i64, i64)> = None;
    let mut before = hash_before(c, &due)?;
    for (first, last, hash) in &due {
        let mut newest = i64::MIN;
        let found = chain(c, &before, (first - 1, *last), |entry, _| {
            newest = newest.max(entry.at)
        })?;
        if found != *hash {
            tracing::error!(
                first,
                last,
                "a batch of the audit does not fit its seal; it is kept"
            );
            break;
        }
        // A node's clock may have been ahead of the one that sealed.
        if newest >= until.0 {
            break;
        }
        removed = Some((removed.map_or(*first, |r| r.0), *last));
        before.clone_from(hash);
    }
    let Some((first, last)) = removed else {
        return Ok(false);
    };
    // The note first: on SQLite it takes the number after the newest that stands there.
    let entries: i64 = between(first, last).count().get_result(c)?;
    let facts = Removal {
        what: "expired",
        entries,
        first,
        last,
    };
    let note = Stored::by_nobody(now, Action::AuditExpire, "audit_entry", &facts);
    put(c, note)?;
    diesel::delete(between(first, last)).execute(c)?;
    diesel::update(
        audit_seals::table
            .filter(audit_seals::first_seq.ge(first))
            .filter(audit_seals::last_seq.le(last)),
    )
    .set((
        audit_seals::removed_at.eq(now.0),
        audit_seals::leaf_hash.eq(Vec::new()),
    ))
    .execute(c)?;
    Ok(true)
}

#[diesel::dsl::auto_type]
fn between(first: i64, last: i64) -> _ {
    audit_entries::table
        .filter(audit_entries::seq.ge(first))
        .filter(audit_entries::seq.le(last))
}

/// Seals of whose batches the entries are still there, as first, last and hash.
fn oldest(c: &mut DbConn, until: Micros) -> AppResult<Vec<(i64, i64, Vec<u8>)>> {
    let found: Vec<(i64, i64, i64, Vec<u8>)> = audit_seals::table
        .filter(audit_seals::removed_at.is_null())
        .order(audit_seals::last_seq)
        .select((
            audit_seals::first_seq,
            audit_seals::last_seq,
            audit_seals::at,
            audit_seals::hash,
        ))
        .limit(SEALS)
        .load(c)?;
    let due = found.into_iter().take_while(|(_, _, at, _)| *at < until.0);
    Ok(due
        .map(|(first, last, _, hash)| (first, last, hash))
        .collect())
}

fn hash_before(c: &mut DbConn, due: &[(i64, i64, Vec<u8>)]) -> AppResult<Vec<u8>> {
    let first = due.first().map_or(0, |(first, _, _)| *first);
    let before: Option<Vec<u8>> = audit_seals::table
        .find(first - 1)
        .select(audit_seals::hash)
        .first(c)
        .optional()?;
    Ok(before.unwrap_or_default())
}
