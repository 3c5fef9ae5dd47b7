//! Notices between areas: an answer that is due, one that does not come, and withdrawals that are owed.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::liaison::model::{LiaisonSide, NoticeRow};
use crate::liaison::withdrawals_store;
use crate::sync::Kind;

/// Shares of the time for an answer after which the receiving side is reminded, in percent.
const WARN_AT: [i64; 2] = [50, 80];
/// Days past its day after which those above hear of it.
const ESCALATE_AFTER: i64 = 3;
/// Days for which a withdrawal may be owed before those above hear of it.
const OWED: i64 = 3;

pub fn notices(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::liaison_open(c, look)?;
    Ok(Found::of(look, &rows, |row| row.id, |row| due(look, row)))
}

/// How much of the time between sending and its day is over.
fn used(look: &Look<'_>, row: &NoticeRow) -> Option<i64> {
    let days = |from: jiff::civil::Date, to: jiff::civil::Date| {
        let span = to.since((jiff::Unit::Day, from)).ok()?;
        Some(i64::from(span.get_days()))
    };
    let (sent, end) = (row.sent_on?, row.due_on?);
    let (gone, all) = (days(sent.0, look.today.0)?, days(sent.0, end.0)?);
    Some(gone * 100 / all.max(1))
}

fn due(look: &Look<'_>, row: &NoticeRow) -> Vec<Due> {
    let (Some(end), Some(used)) = (row.due_on, used(look, row)) else {
        return Vec::new();
    };
    let one = |mark: &str, to: To, said| Due {
        record: row.id,
        subject: Some(Kind::LiaisonNotice),
        place: row.place(),
        mark: format!("{mark} {end}"),
        to,
        said,
        kind: None,
    };
    let worker = row.assignee.or(row.registered_by);
    let up = |rungs: usize| match worker {
        Some(worker) => To::above_worker(worker, rungs),
        None => To::above([None, None], rungs),
    };
    let first = up(0);
    let overdue = end < look.today;
    let late = end <= look.days_ago(ESCALATE_AFTER);
    match (row.side, overdue) {
        (LiaisonSide::In, false) if used >= WARN_AT[1] => {
            vec![one("80", first, &said::LIAISON_SOON)]
        }
        (LiaisonSide::In, false) if used >= WARN_AT[0] => {
            vec![one("50", first, &said::LIAISON_HALF)]
        }
        (LiaisonSide::In, true) => {
            let mut all = vec![one("overdue", first, &said::LIAISON_OVERDUE)];
            if late {
                all.push(one("escalated", up(1), &said::LIAISON_OVERDUE));
            }
            all
        }
        (LiaisonSide::Out, true) => {
            let mut all = vec![one("unanswered", first, &said::LIAISON_UNANSWERED)];
            if late {
                all.push(one("unanswered long", up(1), &said::LIAISON_UNANSWERED));
            }
            all
        }
        _ => Vec::new(),
    }
}

/// What somebody withdrew and an office outside was not told of.
pub fn withdrawals(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = withdrawals_store::owed_since(c, look.now, look.after, look.limit)?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let one = |mark: &str, to: To| Due {
                record: row.id,
                subject: None,
                place: row.place(),
                mark: mark.to_owned(),
                to,
                said: &said::LIAISON_WITHDRAWN,
                kind: None,
            };
            let mut all = vec![one("owed", To::coordinators([None, None]))];
            if row.asked_at <= look.since(OWED) {
                all.push(one("owed long", To::above([None, None], 1)));
            }
            all
        },
    ))
}
