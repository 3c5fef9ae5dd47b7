//! `areas recode`: records follow the areas they stand in.
//!
//! A few hundred rows a transaction, and what is carried is no longer found where it was: work that was killed goes
//! on where it stopped, and work that is done again changes nothing. The order is that of the changes.

use std::time::Duration;

use super::model::ChangeState;
use super::placed::TABLES;
use super::placed_store::{self, Way};
use super::{changes_store, events_store, store};
use crate::associations;
use crate::audit;
use crate::auth::Action;
use crate::db::{DbConn, Micros, Uid, passes, transact};
use crate::error::{AppError, AppResult};
use crate::sync;

/// Rows of one transaction.
pub const AT_ONCE: i64 = 500;
/// How long SQLite's writer is left alone between two.
const LEFT_ALONE: Duration = Duration::from_millis(20);
/// Changes that were carried for within this time are looked at again: a write that had looked its place up before a
/// change may have ended after it. No transaction lasts as long.
const AGAIN: i64 = 60 * Micros::SECOND;
/// Tries of a transaction that another's work came in the way of.
const TRIES: u32 = 20;

/// What was done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Changes whose records are all where they belong now.
    pub changes: usize,
    pub records: usize,
    pub feed_rows: usize,
}

/// Carries along what is to be carried, `at_once` rows a transaction.
pub fn run(
    c: &mut DbConn,
    at_once: i64,
    clock: impl Fn() -> Micros,
    mut progress: impl FnMut(&Report),
) -> AppResult<Report> {
    let mut report = Report::default();
    let since = clock().plus(-AGAIN);
    for carry in changes_store::carries(c, since)? {
        let Some(way) = way_of(c, &carry)? else {
            continue;
        };
        for table in TABLES {
            let mut after = Uid::NIL;
            loop {
                let (rows, over) = patiently(c, |c| {
                    let (rows, over) = placed_store::carry(c, table, &way, after, at_once)?;
                    if !rows.is_empty() {
                        changes_store::carried(c, &carry, rows.len() as i64)?;
                    }
                    Ok((rows, over))
                })?;
                report.records += rows.len();
                after = rows.into_iter().max().unwrap_or(after);
                progress(&report);
                if over {
                    break;
                }
            }
        }
        let at = clock();
        patiently(c, |c| {
            associations::carried::under_new_parents(c, &way.to, at)
        })?;
        while !patiently(c, |c| placed_store::rename_named(c, &way, at_once))? {
            progress(&report);
        }
        loop {
            let at = clock();
            let told = patiently(c, |c| sync::carried(c, &way, None, at_once, at))?;
            report.feed_rows += told;
            progress(&report);
            if (told as i64) < at_once {
                break;
            }
        }
        if carry.done_at.is_none() && done(c, &carry, clock())? {
            report.changes += 1;
        }
    }
    Ok(report)
}

fn way_of(c: &mut DbConn, carry: &changes_store::Carry) -> AppResult<Option<Way>> {
    let (from, to) = (
        store::by_id(c, carry.from_area)?,
        store::by_id(c, carry.to_area)?,
    );
    let (Some(from), Some(to)) = (from, to) else {
        return Ok(None);
    };
    Ok(Some(Way {
        level: from.level,
        from: from.id,
        to,
    }))
}

/// One area's records are all where they belong; whether that was the last of its change.
fn done(c: &mut DbConn, carry: &changes_store::Carry, at: Micros) -> AppResult<bool> {
    patiently(c, |c| {
        changes_store::carry_done(c, carry, at)?;
        let Some(change) = changes_store::locked(c, carry.change_id)? else {
            return Ok(false);
        };
        if change.state != ChangeState::Carrying
            || events_store::settle(c, &change, at)? == ChangeState::Carrying
        {
            return Ok(false);
        }
        let carried = changes_store::carried_for(c, change.id)?;
        let facts = serde_json::json!({ "change": change.id, "carried": carried });
        audit::record_own(c, at, Action::AreaChange, "area_change", &facts)?;
        Ok(true)
    })
}

/// One transaction, tried again where another's came in its way, with a pause for whoever waits for the writer.
fn patiently<T>(c: &mut DbConn, work: impl Fn(&mut DbConn) -> AppResult<T>) -> AppResult<T> {
    let mut tries = 0;
    let done = loop {
        match transact(c, &work) {
            Err(AppError::Db(e)) if passes(&e) && tries < TRIES => {
                tries += 1;
                std::thread::sleep(LEFT_ALONE * tries);
            }
            done => break done?,
        }
    };
    if c.is_sqlite() {
        std::thread::sleep(LEFT_ALONE);
    }
    Ok(done)
}
