//! Requests of people, about their data and about their rights, whose answer is due.

use super::{Due, Found, Look, To, said, store};
use crate::auth::{Place, Placed};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// Days before the last one from which an answer is asked for.
const SOON: i64 = 3;
/// Days past the last one after which those farther above hear of it.
const LONG: i64 = 3;

pub fn privacy(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::privacy_requests_due(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            // Whoever recorded it does not answer it.
            let but = [row.registered_by, None];
            due(look, row.id, row.place(), row.due_on, |up| {
                To::above(but, up)
            })
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
            let worker = row.assignee.unwrap_or(row.registered_by);
            let to = |up| To::above_worker(worker, up);
            due(look, row.id, row.place(), row.due_on, to)
        },
    ))
}

/// Before its day whoever must answer is told, and past it those above them.
fn due(
    look: &Look<'_>,
    record: Uid,
    place: Place,
    due_on: Day,
    to: impl Fn(usize) -> To,
) -> Vec<Due> {
    let one = |mark: &str, up: usize, said| Due {
        record,
        // No phone holds requests.
        subject: None,
        place,
        mark: format!("{mark} {due_on}"),
        to: to(up),
        said,
        kind: None,
    };
    let mut all = vec![one("due", 0, &said::REQUEST_DUE)];
    if due_on < look.today {
        all.push(one("overdue", 1, &said::REQUEST_OVERDUE));
    }
    if due_on < look.days_ago(LONG) {
        all.push(one("long overdue", 2, &said::REQUEST_OVERDUE));
    }
    all
}
