//! What phones hold of a resident: the record, its stays, its services and its consents go together.

use super::model::*;
use super::store;
use crate::auth::{Handle, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::households;
use crate::people;
use crate::people::model::PersonRow;
use crate::services;
use crate::sync::{self, Change, Kind};

/// The feed rows of a resident, for everybody who may see it.
pub fn change(who: &Who, resident: &ResidentRow, version: i64) -> Change {
    Change::upsert(
        Kind::Resident,
        resident.id,
        version,
        resident.place(),
        who.at,
    )
    .seen_by(resident.owners())
    .by(who.user)
    .about_people()
}

/// The feed rows of one stay.
pub fn stay(who: &Who, resident: &ResidentRow, stay: Uid, version: i64) -> Change {
    Change::upsert(Kind::Residence, stay, version, resident.place(), who.at)
        .seen_by(resident.owners())
        .by(who.user)
}

/// Somebody else may see the resident from now on: they moved, or have another worker.
pub fn shown_anew(c: &mut DbConn, who: &Who, resident: &ResidentRow) -> AppResult<()> {
    sync::record_change(c, change(who, resident, resident.version))?;
    for (id, version) in store::stay_versions(c, resident.id)? {
        sync::record_change(c, stay(who, resident, id, version).shown_anew())?;
    }
    services::feed::shown_anew(c, who, resident)?;
    let Some(person) = people::store::find(c, resident.person_id)? else {
        return Ok(());
    };
    people::feed::consents_shown_anew(c, who, &person)?;
    households::feed::person_changed(c, who, &person, person.version)
}

/// The person withdrew: their record as a resident, if there is one, is kept out of use and taken
/// from every phone.
pub fn restrict(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>) -> AppResult<()> {
    let Some(resident) = store::of_person(c, person.id)? else {
        return Ok(());
    };
    store::restrict(c, person, &resident, who.at)?;
    sync::record_change(c, change(who, &resident, resident.version + 1).deleted())?;
    for (id, version) in store::stay_versions(c, resident.id)? {
        sync::record_change(c, stay(who, &resident, id, version).deleted())?;
    }
    services::feed::restrict(c, who, &resident)
}

/// The person's own fields or their household changed: that is a new version of the resident too.
pub fn person_changed(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    fields: &[&str],
) -> AppResult<()> {
    let Some(resident) = store::of_person(c, person.id)? else {
        return Ok(());
    };
    store::touch(c, person, &resident, fields, who.at)?;
    sync::record_change(c, change(who, &resident, resident.version + 1))
}
