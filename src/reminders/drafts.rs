//! Campaigns that begin soon and that nobody has approved.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::sync::Kind;

/// Days before its first day from which a draft waits for its approval.
const SOON: i64 = 14;

pub fn waiting(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let rows = store::drafts_before(c, look, look.in_days(SOON))?;
    Ok(Found::of(
        look,
        &rows,
        |row| row.id,
        |row| {
            vec![Due {
                record: row.id,
                subject: Some(Kind::Campaign),
                place: row.place(),
                mark: format!("begins {}", row.starts_on),
                to: To::Approvers {
                    area: row.area_id,
                    but: [Some(row.created_by), row.amended_by],
                },
                said: &said::DRAFT_WAITING,
            }]
        },
    ))
}
