//! Requests of people, about their data and about their rights, and what they voiced at visits, whose answer is due.

use super::{Due, Found, Look, Said, To, said, store};
use crate::auth::{Place, Placed};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::sync::Kind;

/// Days before the last one from which an answer is asked for.
const SOON: i64 = 3;
/// Days past the last one after which those farther above hear of it.
const LONG: i64 = 3;

/// What a request is told as, in time and past it.
const REQUEST: [&Said; 2] = [&said::REQUEST_DUE, &said::REQUEST_OVERDUE];

pub fn privacy(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::privacy_requests_due(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            // Whoever recorded it does not answer it.
            let but = [row.registered_by, None];
            let to = |up| To::above(but, up);
            due(look, (row.id, None), row.place(), row.due_on, to, REQUEST)
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
            due(look, (row.id, None), row.place(), row.due_on, to, REQUEST)
        },
    ))
}

/// What was voiced is answered by the coordinators of the place, and asked for by those above them.
pub fn concerns(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::concerns_due(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let texts = [&said::CONCERN_DUE, &said::CONCERN_OVERDUE];
            let to = |up| To::above([None, None], up);
            let of = (row.id, Some(Kind::Concern));
            due(look, of, row.place(), row.due_on, to, texts)
        },
    ))
}

/// Before its day whoever must answer is told, and past it those above them; `subject` where phones hold it.
fn due(
    look: &Look<'_>,
    (record, subject): (Uid, Option<Kind>),
    place: Place,
    due_on: Day,
    to: impl Fn(usize) -> To,
    texts: [&'static Said; 2],
) -> Vec<Due> {
    let one = |mark: &str, up: usize, said| Due {
        record,
        subject,
        place,
        mark: format!("{mark} {due_on}"),
        to: to(up),
        said,
        kind: None,
    };
    let mut all = vec![one("due", 0, texts[0])];
    if due_on < look.today {
        all.push(one("overdue", 1, texts[1]));
    }
    if due_on < look.days_ago(LONG) {
        all.push(one("long overdue", 2, texts[1]));
    }
    all
}
