//! Requests of people, about their data and about their rights, whose answer is due.

use super::{Due, Found, Look, To, said, store};
use crate::auth::{Place, Placed};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// Days before the last one from which an answer is asked for.
const SOON: i64 = 3;

pub fn privacy(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::privacy_requests_due(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            // Whoever recorded it does not answer it.
            let but = row.registered_by;
            let first = To::Coordinators { but };
            due(look, row.id, row.place(), row.due_on, first, but)
        },
    ))
}

pub fn rights(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::rights_requests_due(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let worker = To::Worker(row.assignee.unwrap_or(row.registered_by));
            due(look, row.id, row.place(), row.due_on, worker, None)
        },
    ))
}

/// Before its day whoever must answer is told, and past it those above them.
fn due(
    look: &Look<'_>,
    record: Uid,
    place: Place,
    due_on: Day,
    first: To,
    but: Option<Uid>,
) -> Vec<Due> {
    let one = |mark: &str, to: To, said| Due {
        record,
        // No phone holds requests.
        subject: None,
        place,
        mark: format!("{mark} {due_on}"),
        to,
        said,
    };
    let mut all = vec![one("due", first, &said::REQUEST_DUE)];
    if due_on < look.today {
        all.push(one("overdue", To::Above { but }, &said::REQUEST_OVERDUE));
    }
    all
}
