//! Visits to a household that goes along with its people, and the follow-ups they left.

use super::{follow_ups, follow_ups_store, visits_log, visits_store};
use crate::auth::{Handle, Who};
use crate::db::DbConn;
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;

/// What was submitted goes along; drafts and returned visits stay with their authors. The household's handle is the
/// right to it.
pub fn of_household(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
) -> AppResult<()> {
    // The visits first, as every command on them does.
    for visit in visits_store::take_along(c, household, to, who.at)? {
        visits_log::moved_along(c, who, &visit)?;
    }
    for row in follow_ups_store::take_along(c, household, to, who.at)? {
        follow_ups::moved_along(c, who, &row)?;
    }
    Ok(())
}
