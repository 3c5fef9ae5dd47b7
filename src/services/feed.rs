//! What phones hold of services: they go with their resident.

use super::store;
use crate::auth::{Handle, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::residents;
use crate::residents::model::ResidentRow;
use crate::sync::{self, Change, Kind};

/// The feed rows of a service, for everybody who may see its resident.
pub fn change(who: &Who, resident: &ResidentRow, service: Uid, version: i64) -> Change {
    Change::upsert(Kind::Service, service, version, resident.place(), who.at)
        .seen_by(resident.owners())
        .by_worker(who)
        .about_people()
}

/// Somebody else may see the resident from now on, and so their services.
pub fn shown_anew(c: &mut DbConn, who: &Who, resident: &ResidentRow) -> AppResult<()> {
    for (id, version) in store::versions(c, resident.id)? {
        sync::record_change(c, change(who, resident, id, version).shown_anew())?;
    }
    Ok(())
}

/// The resident is kept out of use: their services leave every phone.
pub fn restrict(c: &mut DbConn, who: &Who, resident: &ResidentRow) -> AppResult<()> {
    for (id, version) in store::versions(c, resident.id)? {
        sync::record_change(c, change(who, resident, id, version).deleted())?;
    }
    Ok(())
}

/// The person no longer wants to be come back to: the days on which somebody meant to are gone at once.
pub fn follow_ups_withdrawn(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
) -> AppResult<()> {
    let cleared = store::clear_follow_ups(c, person, who.at)?;
    if cleared.is_empty() {
        return Ok(());
    }
    let Some(resident) = residents::store::of_person(c, person.id)? else {
        return Ok(());
    };
    for (id, version) in cleared {
        sync::record_change(c, change(who, &resident, id, version))?;
    }
    Ok(())
}
