//! Reported activities that wait to be confirmed.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::sync::Kind;

/// Days after which whoever confirms a report is reminded of it, and after which those above them are.
const REPORTED: [i64; 2] = [3, 10];

pub fn reported(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::activities_reported(c, look, look.since(REPORTED[0]))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let at = row.reported_at.unwrap_or(row.updated_at);
            // Nobody confirms what they reported or organised.
            let but = [row.reported_by, Some(row.assignee)];
            let one = |mark: &str, up: usize| Due {
                record: row.id,
                subject: Some(Kind::Activity),
                place: row.place(),
                mark: format!("{mark} {}", at.0),
                to: To::above(but, up),
                said: &said::ACTIVITY_WAITING,
                kind: None,
            };
            let mut due = vec![one("waits", 0)];
            if at <= look.since(REPORTED[1]) {
                due.push(one("waits long", 1));
            }
            due
        },
    ))
}
