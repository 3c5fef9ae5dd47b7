//! Campaigns that begin soon and that nobody has approved, or nobody scheduled.

use super::{Due, Found, Look, Said, To, said, store};
use crate::auth::Placed;
use crate::campaigns::machine::CampaignState;
use crate::campaigns::model::CampaignRow;
use crate::campaigns::writers_store;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::sync::Kind;

/// Days before its first day from which a campaign waits for a step, and from which others are told, too.
const SOON: [i64; 2] = [14, 7];

fn one(row: &CampaignRow, mark: String, to: To, said: &'static Said) -> Due {
    Due {
        record: row.id,
        subject: Some(Kind::Campaign),
        place: row.place(),
        mark,
        to,
        said,
        kind: None,
    }
}

/// Drafts wait for an approval. One that was approved and changed since waits again.
pub fn waiting(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::campaigns_before(c, look, CampaignState::Draft, look.in_days(SOON[0]))?;
    let writers = writers_store::of(c, rows.iter().map(|row| row.id).collect())?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let theirs = writers.get(&row.id).map_or(&[][..], Vec::as_slice);
            // The version with which it became a draft.
            let since = theirs.iter().map(|w| w.version).min().unwrap_or(1);
            let again = match since {
                1 => String::new(),
                since => format!(" again {since}"),
            };
            let to = |late| To::Approvers {
                campaign: row.id,
                area: row.area_id,
                author: row.created_by,
                late,
            };
            let begins = format!("begins {}{again}", row.starts_on);
            let mut due = vec![one(row, begins.clone(), to(false), &said::DRAFT_WAITING)];
            if row.starts_on <= look.in_days(SOON[1]) {
                let mark = format!("soon {begins}");
                due.push(one(row, mark, to(true), &said::DRAFT_WAITING_LONG));
            }
            due
        },
    ))
}

/// An approved campaign that nobody schedules reminds nobody.
pub fn unscheduled(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::campaigns_before(c, look, CampaignState::Approved, look.in_days(SOON[0]))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            let to = |late| To::Organisers {
                area: row.area_id,
                author: row.created_by,
                late,
            };
            let approved = row.approved_at.unwrap_or(row.updated_at);
            let mark = format!("begins {} approved {}", row.starts_on, approved.0);
            let mut due = vec![one(row, mark.clone(), to(false), &said::UNSCHEDULED)];
            if row.starts_on <= look.in_days(SOON[1]) {
                let mark = format!("soon {mark}");
                due.push(one(row, mark, to(true), &said::UNSCHEDULED));
            }
            due
        },
    ))
}
