//! Phones of people who work and that have not been heard of for long: what was done on them may be only there.

use super::{Due, Found, Look, To, said, store};
use crate::db::DbConn;
use crate::error::AppResult;

/// Days after which its owner is told, after which the coordinators are, and after which those above them are.
const SILENT: [i64; 3] = [7, 14, 21];
/// A phone silent for longer lies in a drawer.
const FORGOTTEN: i64 = 60;

pub fn silent(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let (since, until) = (look.since(FORGOTTEN), look.since(SILENT[0]));
    let rows = store::devices_last_seen(c, look, since, until)?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.device,
        |row| {
            let Some(place) = row.place else {
                return Vec::new();
            };
            let one = |mark: &str, to: To, said| Due {
                record: row.device,
                subject: None,
                place,
                // Heard of and silent again, it is another silence.
                mark: format!("{mark} {}", row.last_seen_at.0),
                to,
                said,
                kind: None,
            };
            let mut due = vec![one("silent", To::User(row.user), &said::DEVICE_SILENT)];
            let but = [Some(row.user), None];
            let above = ["silent long", "silent longer"];
            for (up, (mark, days)) in above.into_iter().zip(&SILENT[1..]).enumerate() {
                if row.last_seen_at <= look.since(*days) {
                    due.push(one(mark, To::above(but, up), &said::DEVICE_SILENT_LONG));
                }
            }
            due
        },
    ))
}
