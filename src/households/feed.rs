//! What phones hold of a household: the record, and its people, who are seen only where it is seen too.

use super::model::HouseholdRow;
use super::store;
use crate::auth::policy::{Role, reach};
use crate::auth::{self, Action, Place, Placed, Reach, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::people;
use crate::people::feed::Seen;
use crate::people::model::PersonRow;
use crate::sync::{self, Change, Kind};

/// The feed rows of a household, for everybody who may see it.
pub fn change(who: &Who, row: &HouseholdRow, version: i64) -> Change {
    Seen::as_it_stands(row)
        .change(who, Kind::Household, row.id, version)
        .about_people()
}

/// The feed rows of one of its people.
pub fn person(who: &Who, seen: &Seen, person: Uid, version: i64) -> Change {
    seen.change(who, Kind::HouseholdPerson, person, version)
        .about_people()
}

/// Who sees one of a household's people as such: those who look after the person and see the household
/// too, and the coordinators of the wider of the two places.
pub fn seen(
    c: &mut DbConn,
    who: &Who,
    household: &HouseholdRow,
    person: &PersonRow,
) -> AppResult<Seen> {
    let mut by = person.owners();
    for reader in &mut by {
        if let Some(user) = *reader
            && !sees(c, who, household, user)?
        {
            *reader = None;
        }
    }
    let at = wider(person.place(), household.place());
    Ok(Seen { at, by })
}

/// The same, whichever household it is; nothing for those who are of none.
pub fn seen_in_theirs(c: &mut DbConn, who: &Who, person: &PersonRow) -> AppResult<Option<Seen>> {
    let household = store::of_person(c, person)?;
    household
        .map(|household| seen(c, who, &household, person))
        .transpose()
}

/// Of two places, one in the other, the outer: whoever works in all of it works in both.
pub(super) fn wider(a: Place, b: Place) -> Place {
    Place {
        county: a.county.filter(|id| b.county == Some(*id)),
        town: a.town.filter(|id| b.town == Some(*id)),
        village: a.village.filter(|id| b.village == Some(*id)),
    }
}

/// Whether somebody may read the household where they work: they look after it, or coordinate its area.
fn sees(c: &mut DbConn, who: &Who, household: &HouseholdRow, user: Uid) -> AppResult<bool> {
    let read = Action::HouseholdRead;
    if household.owners().contains(&Some(user)) {
        return Ok(true);
    }
    if user == who.user {
        return Ok(who.can(read, household));
    }
    let enough = |role: &&Role| reach(**role) == Reach::Area;
    let roles: Vec<Role> = read.roles().iter().filter(enough).copied().collect();
    auth::store::holds(c, user, &roles, &household.place(), who.at)
}

/// One of a household's people changed, or who may see them did; nothing for those who are of none.
pub fn person_changed(c: &mut DbConn, who: &Who, row: &PersonRow, version: i64) -> AppResult<()> {
    match seen_in_theirs(c, who, row)? {
        Some(seen) => sync::record_change(c, person(who, &seen, row.id, version).shown_anew()),
        None => Ok(()),
    }
}

/// Somebody else may see the household from now on, and so its people.
pub(super) fn people_shown_anew(
    c: &mut DbConn,
    who: &Who,
    household: &HouseholdRow,
) -> AppResult<()> {
    for row in people::store::all_of_household(c, household.id)? {
        let seen = seen(c, who, household, &row)?;
        sync::record_change(c, person(who, &seen, row.id, row.version).shown_anew())?;
    }
    Ok(())
}
