//! A household that goes along with the last of its people: what was done for them keeps pointing at them.
//!
//! A person is handed over to another area. Where they are all of their household, the household goes with them: its
//! visits, follow-ups and what was voiced at them, its policies and claims, whose texts rest under the household's key.
//! The address they had does not. Where others stay, the household stays with them, and with it what was done for all of
//! them. Drafts and returned visits stay with their authors, whose work they still are.

use super::model::{HouseholdRow, HouseholdState};
use super::{feed, store};
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Handle, Place, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::{concerns, insurance, sync, visits};

/// Where a household goes, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Along<'a> {
    pub place: Place,
    pub area: &'a AreaRow,
    /// Whoever accepted it: a follow-up is somebody's.
    pub worker: Uid,
}

/// Takes somebody's household along, if they are all of it; whether it went. Both sides agreed to the move, which is
/// the service's own to do.
pub fn along(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    area: &AreaRow,
    assignee: Option<Uid>,
) -> AppResult<bool> {
    let Some(id) = person.household_id else {
        return Ok(false);
    };
    if !store::is_empty_without(c, id, &[person.id])? {
        return Ok(false);
    }
    let service = Who::without_account(By::Service, who.at, who.request_id.clone());
    let household = store::locked(c, &service, Action::ResidenceHandOver, id)?;
    let to = Along {
        place: area.place(),
        area,
        worker: assignee.unwrap_or(who.user),
    };
    let fields = ["area", "address", "assignee"];
    let after = HouseholdRow {
        version: household.version + 1,
        field_versions: sync::touch(&household.field_versions, household.version + 1, &fields),
        county: area.county.unwrap_or(household.county),
        town: area.town,
        village: area.village,
        area_id: area.id,
        area_code: area.code.clone(),
        address: None,
        state: HouseholdState::Active,
        assignee,
        updated_at: who.at,
        ..HouseholdRow::clone(&household)
    };
    store::take_along(c, &household, &after)?;
    visits::moves::of_household(c, who, &household, &to)?;
    concerns::commands::taken_along(c, who, &household, &to)?;
    insurance::assignment::taken_along(c, who, &household, &to)?;
    let entry = Entry::new(Action::ResidenceHandOver, "household", id, area.place());
    let facts = serde_json::json!({ "what": "taken_along", "person": person.id });
    audit::record(c, who, entry.with(&facts))?;
    sync::record_change(c, feed::change(who, &after, after.version))?;
    Ok(true)
}
