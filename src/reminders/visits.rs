//! Follow-ups that are due, visits that were returned, and those that wait to be confirmed.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::sync::Kind;

/// Days past its day after which the coordinators hear of a follow-up, and after which those above them do.
const FOLLOW_UP_ESCALATES: [i64; 2] = [3, 10];
/// Days after which an author is reminded of a returned visit, and after which the coordinators and those above are.
const RETURNED: [i64; 3] = [3, 10, 17];
/// The same of a submitted one: whoever confirms it, and who is above them.
const SUBMITTED: [i64; 2] = [3, 10];

pub fn follow_ups(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::follow_ups_due(c, look)?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let one = |mark: &str, up: usize, said| Due {
                record: row.id,
                subject: Some(Kind::FollowUp),
                place: row.place(),
                mark: format!("{mark} {}", row.due_on),
                to: To::above_worker(row.assignee, up),
                said,
                kind: None,
            };
            let mut due = vec![one("due", 0, &said::FOLLOW_UP_DUE)];
            let above = ["overdue", "long overdue"];
            for (up, (mark, days)) in (1..).zip(above.into_iter().zip(FOLLOW_UP_ESCALATES)) {
                if row.due_on <= look.days_ago(days) {
                    due.push(one(mark, up, &said::FOLLOW_UP_OVERDUE));
                }
            }
            due
        },
    ))
}

pub fn returned(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::visits_returned(c, look, look.since(RETURNED[0]))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let at = row.reviewed_at.unwrap_or(row.updated_at);
            let one = |mark: &str, up: usize, said| Due {
                record: row.id,
                subject: Some(Kind::Visit),
                place: row.place(),
                mark: format!("{mark} {}", at.0),
                to: To::above_worker(row.registered_by, up),
                said,
                kind: None,
            };
            let mut due = vec![one("returned", 0, &said::VISIT_RETURNED)];
            let above = ["left", "left long"];
            for (up, (mark, days)) in (1..).zip(above.into_iter().zip(&RETURNED[1..])) {
                if at <= look.since(*days) {
                    due.push(one(mark, up, &said::VISIT_RETURNED_LONG));
                }
            }
            due
        },
    ))
}

pub fn submitted(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::visits_submitted(c, look, look.since(SUBMITTED[0]))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let at = row.submitted_at.unwrap_or(row.updated_at);
            // Nobody confirms what they wrote themselves.
            let but = [Some(row.registered_by), None];
            let one = |mark: &str, up: usize| Due {
                record: row.id,
                subject: Some(Kind::Visit),
                place: row.place(),
                mark: format!("{mark} {}", at.0),
                to: To::above(but, up),
                said: &said::VISIT_WAITING,
                kind: None,
            };
            let mut due = vec![one("waits", 0)];
            if at <= look.since(SUBMITTED[1]) {
                due.push(one("waits long", 1));
            }
            due
        },
    ))
}
