//! Follow-ups that are due, visits that were returned, and those that wait to be confirmed.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::sync::Kind;

/// Days past its day after which the coordinators hear of a follow-up.
const FOLLOW_UP_ESCALATES: i64 = 3;
/// Days after which an author is reminded of a returned visit, and after which the coordinators are.
const RETURNED: [i64; 2] = [3, 10];
/// The same of a submitted one: whoever confirms it, and who is above them.
const SUBMITTED: [i64; 2] = [3, 10];

pub fn follow_ups(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::follow_ups_due(c, look)?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let one = |mark: &str, to: To, said| Due {
                record: row.id,
                subject: Some(Kind::FollowUp),
                place: row.place(),
                mark: format!("{mark} {}", row.due_on),
                to,
                said,
            };
            let mut due = vec![one("due", To::Worker(row.assignee), &said::FOLLOW_UP_DUE)];
            if row.due_on <= look.days_ago(FOLLOW_UP_ESCALATES) {
                let to = To::Coordinators {
                    but: Some(row.assignee),
                };
                due.push(one("overdue", to, &said::FOLLOW_UP_OVERDUE));
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
            let one = |mark: &str, to: To, said| Due {
                record: row.id,
                subject: Some(Kind::Visit),
                place: row.place(),
                mark: format!("{mark} {}", at.0),
                to,
                said,
            };
            let author = row.registered_by;
            let mut due = vec![one("returned", To::Worker(author), &said::VISIT_RETURNED)];
            if at <= look.since(RETURNED[1]) {
                let to = To::Coordinators { but: Some(author) };
                due.push(one("left", to, &said::VISIT_RETURNED_LONG));
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
            let but = Some(row.registered_by);
            let one = |mark: &str, to: To| Due {
                record: row.id,
                subject: Some(Kind::Visit),
                place: row.place(),
                mark: format!("{mark} {}", at.0),
                to,
                said: &said::VISIT_WAITING,
            };
            let mut due = vec![one("waits", To::Coordinators { but })];
            if at <= look.since(SUBMITTED[1]) {
                due.push(one("waits long", To::Above { but }));
            }
            due
        },
    ))
}
