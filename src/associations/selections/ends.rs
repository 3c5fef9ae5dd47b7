//! What becomes of nominations when somebody leaves an association, no longer agrees, or is forgotten.

use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Place, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::privacy::erasure;

/// Somebody is a nominee of nothing any more that is not decided; with an association, as its member alone.
pub fn left(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    association: Option<Uid>,
) -> AppResult<()> {
    let today = Day(who.at.china_day());
    for row in store::withdraw_person(c, person, association, (today, who.at))? {
        let action = Action::NominationWrite;
        let entry = Entry::new(action, "nomination", row.id, Place::default());
        let facts = serde_json::json!({ "from": row.state, "to": "withdrawn" });
        audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))?;
    }
    Ok(())
}

/// Somebody's nominations are of nobody from now on, and what was said against them is gone; answers how many.
pub fn forget(c: &mut DbConn, person: &Handle<PersonRow>, now: Micros) -> AppResult<usize> {
    let ids = store::ids_of_person(c, person.id)?;
    erasure::ends::of_rows(c, "nominations", &ids, now)?;
    store::forget(c, person, now)
}
