//! Requests of people, about their data and about their rights, and what they voiced at visits, whose answer is due.

use super::{Due, Found, Look, Said, To, said, store};
use crate::auth::{Place, Placed};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::sync::Kind;

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
            let texts = [&said::REQUEST_DUE, &said::REQUEST_OVERDUE];
            let of = (row.id, None);
            due(
                look,
                of,
                row.place(),
                row.due_on,
                [first, To::Above { but }],
                texts,
            )
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
            let texts = [&said::REQUEST_DUE, &said::REQUEST_OVERDUE];
            let (of, to) = ((row.id, None), [worker, To::Above { but: None }]);
            due(look, of, row.place(), row.due_on, to, texts)
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
            let to = [To::Coordinators { but: None }, To::Above { but: None }];
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
    to: [To; 2],
    texts: [&'static Said; 2],
) -> Vec<Due> {
    let one = |mark: &str, at: usize| Due {
        record,
        subject,
        place,
        mark: format!("{mark} {due_on}"),
        to: to[at],
        said: texts[at],
    };
    let mut all = vec![one("due", 0)];
    if due_on < look.today {
        all.push(one("overdue", 1));
    }
    all
}
