//! What becomes of notices about somebody who moves.
//!
//! The sender's copies belong to the area where the person lives: within a county they go along, and whoever worked with
//! them before sees nothing of them any more. Out of the county the stay that was told of has ended. What was told of it
//! is destroyed on both sides, and an office outside is owed its withdrawal; the new area may tell anew, by the consent
//! that still stands.

use super::model::*;
use super::withdrawals_store as withdrawals;
use super::{feed, steps, store};
use crate::areas::model::AreaRow;
use crate::auth::{Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::sync;

/// A copy of the side where the person lives.
fn of_inflow(row: &NoticeRow) -> bool {
    (row.side == LiaisonSide::Out) != row.answers()
}

/// Somebody moved to this area and has this worker there. The caller's write holds the person.
pub fn moved(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    to: &AreaRow,
    assignee: Option<Uid>,
) -> AppResult<()> {
    let mut ended = Vec::new();
    for row in store::lock_open_of_person(c, person.id)? {
        // The handover itself stays with whoever handed over, to be read as accepted.
        let handed =
            row.kind == LiaisonKind::ResidenceTransfer && row.state == LiaisonState::Accepted;
        if handed || !of_inflow(&row) {
            continue;
        }
        if to.county != Some(row.county) {
            ended.push(row.thread);
            continue;
        }
        let draft = row.state == LiaisonState::Draft;
        let after = NoticeRow {
            version: row.version + 1,
            town: to.town,
            village: to.village,
            // Once it is sent, from where it was sent.
            area_code: if draft {
                to.code.clone()
            } else {
                row.area_code.clone()
            },
            assignee,
            ..row
        };
        store::follow(c, &after, who.at)?;
        sync::record_change(c, feed::change(who, &after, after.version))?;
    }
    end(c, who, ended)
}

/// Somebody was handed over, or left: nobody moves from where they live no longer, and so no other handover of them
/// goes on. The one that was accepted stays to be read. The caller's write holds the person.
pub fn handed_over(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<()> {
    let rows = store::lock_open_of_person(c, person)?;
    let others = rows.into_iter().filter(|row| {
        row.kind == LiaisonKind::ResidenceTransfer && row.state != LiaisonState::Accepted
    });
    let mut threads: Vec<Uid> = others.map(|row| row.thread).collect();
    threads.sort_unstable();
    threads.dedup();
    end(c, who, threads)
}

/// Closes threads about a stay that is over, and destroys what they told.
fn end(c: &mut DbConn, who: &Who, threads: Vec<Uid>) -> AppResult<()> {
    for thread in threads {
        for row in store::lock_thread(c, thread)? {
            if row.state != LiaisonState::Closed {
                steps::close(c, who, &row, LiaisonEnd::MovedOn)?;
                withdrawals::owe(c, who, &row, &[])?;
            }
        }
    }
    Ok(())
}
