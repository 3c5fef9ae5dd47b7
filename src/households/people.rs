//! A household's people: taken in by their own consent, or brought in from the residents.

use std::collections::{BTreeMap, BTreeSet};

use super::feed::{self, change};
use super::model::HouseholdRow;
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::people::consents::{Birth, NewConsent};
use crate::people::fields::Sealed;
use crate::people::intake::{self, NewPerson};
use crate::people::model::{PersonRow, PersonState, Purpose, Sex};
use crate::privacy::erasure;
use crate::sync;
use crate::{areas, people, residents, visits};

/// A person with everything sealed that will rest, ready for one write.
pub struct Joining {
    pub id: Uid,
    pub sealed: Sealed,
    pub sex: Sex,
    pub birth: Birth,
    pub consents: Vec<NewConsent>,
}

/// Takes somebody into a household who is not registered as a resident.
pub fn take_in(c: &mut DbConn, who: &Who, household: Uid, new: &Joining) -> AppResult<Uid> {
    let household = store::locked(c, who, Action::HouseholdWrite, household)?;
    erasure::refuse_erased(c, new.id)?;
    let area = areas::store::by_id(c, household.area_id)?
        .ok_or_else(|| AppError::internal("a household without an area"))?;
    let person = NewPerson {
        id: new.id,
        sealed: &new.sealed,
        sex: new.sex,
        birth_year: new.birth.year,
        language: None,
        contact_hours: None,
        household_id: Some(household.id),
    };
    let mut row = intake::row(who, person, &area);
    // Whoever looks after the household looks after them.
    row.assignee = household.assignee.or(Some(household.registered_by));
    let seen = feed::seen(c, who, &household, &row)?;
    intake::take_in(c, who, &row, seen, new.birth, &new.consents)?;
    sync::record_change(c, feed::person(who, &seen, row.id, row.version))?;
    grown(c, who, &household, row.id)?;
    Ok(row.id)
}

/// Whether somebody of this place can be of a household of that one: where both name a level, it is the same.
pub fn lives_at(person: &Place, household: &Place) -> bool {
    let same = |a: Option<Uid>, b: Option<Uid>| a.is_none() || b.is_none() || a == b;
    same(person.county, household.county)
        && same(person.town, household.town)
        && same(person.village, household.village)
}

/// Brings a person whom the caller may see into a household of the place where they live.
pub fn join(c: &mut DbConn, who: &Who, household: Uid, person: Uid) -> AppResult<()> {
    let household = store::locked(c, who, Action::HouseholdWrite, household)?;
    let found = people::store::lock(c, person)?.filter(|p| p.state == PersonState::Active);
    let person = who.authorise(Action::HouseholdWrite, found)?;
    if person.household_id == Some(household.id) {
        return Ok(());
    }
    if !lives_at(&person.place(), &household.place()) {
        return Err(AppError::field("/person_id", Fault::NotFitting));
    }
    part(c, who, &person, "person_left")?;
    people::store::join(c, &person, household.id, who.at)?;
    if let Some(left) = person.household_id {
        visits::follow_ups::if_nobody_agrees(c, who, left)?;
    }
    residents::feed::person_changed(c, who, &person, &["household_id"])?;
    let after = PersonRow {
        version: person.version + 1,
        household_id: Some(household.id),
        ..PersonRow::clone(&person)
    };
    feed::person_changed(c, who, &after, after.version)?;
    // A resident's consents are seen with the resident, wherever they are at home.
    if residents::store::of_person(c, person.id)?.is_none() {
        people::feed::consents_shown_anew(c, who, &after)?;
    }
    grown(c, who, &household, person.id)
}

/// Somebody came.
fn grown(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    person: Uid,
) -> AppResult<()> {
    touched(c, who, household)?;
    noted(c, who, household, "person_added", person)
}

/// The audit's entry of somebody who came or left.
fn noted(
    c: &mut DbConn,
    who: &Who,
    household: &HouseholdRow,
    why: &str,
    person: Uid,
) -> AppResult<()> {
    let (id, place) = (household.id, household.place());
    let facts = serde_json::json!({ "person": person });
    let entry = Entry::new(Action::HouseholdWrite, "household", id, place);
    audit::record(c, who, entry.because(why).with(&facts))
}

/// Somebody is of no household any more: they moved or withdrew. Whoever may do that need not see the
/// household.
pub fn leave(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>, why: &str) -> AppResult<()> {
    let Some(household) = part(c, who, person, why)? else {
        return Ok(());
    };
    let seen = feed::seen(c, who, &household, person)?;
    let gone = feed::person(who, &seen, person.id, person.version + 1);
    sync::record_change(c, gone.deleted())
}

/// The household without somebody who was of it, answered as it was; nothing when they were of none. With
/// the last who consents to registration its address is destroyed.
fn part(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    why: &str,
) -> AppResult<Option<HouseholdRow>> {
    let Some(household) = store::of_person(c, person)? else {
        return Ok(None);
    };
    let registered = people::store::others_registered(c, household.id, person.id)?;
    let destroyed = !registered && household.address.is_some();
    let contact = household.contact_person_id == Some(person.id);
    // Of what went with them a phone that was away has the old; to send that again is a conflict.
    let fields: Vec<&str> = [
        ("people", true),
        ("address", destroyed),
        ("contact_person_id", contact),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    let next = household.version + 1;
    let amendment = store::Amendment {
        version: next,
        field_versions: sync::touch(&household.field_versions, next, &fields),
        kind: None,
        address: destroyed.then_some(None),
        contact_person_id: contact.then_some(None),
        updated_at: who.at,
    };
    store::let_go(c, person, &amendment)?;
    noted(c, who, &household, why, person.id)?;
    sync::record_change(c, change(who, &household, next))?;
    Ok(Some(household))
}

/// The household's record changes with its people.
pub fn touched(c: &mut DbConn, who: &Who, household: &Handle<HouseholdRow>) -> AppResult<()> {
    let next = household.version + 1;
    let amendment = store::Amendment {
        version: next,
        field_versions: sync::touch(&household.field_versions, next, &["people"]),
        kind: None,
        address: None,
        contact_person_id: None,
        updated_at: who.at,
    };
    store::amend(c, household, &amendment)?;
    sync::record_change(c, change(who, household, next))
}

pub(super) type Shown = (PersonRow, Vec<(Uid, Purpose)>);

/// One of a household's people, if the caller may see both: each stands where they live, in the care of
/// their own worker.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    household: Uid,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    store::visible(c, who, Action::HouseholdRead, household)?;
    let row = people::store::find(c, person)?;
    who.authorise(action, row.filter(|p| of(p, household)))
}

/// The same, locked for writing.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    household: Uid,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    store::visible(c, who, Action::HouseholdRead, household)?;
    let row = people::store::lock(c, person)?;
    who.authorise(action, row.filter(|p| of(p, household)))
}

/// The same, whichever household they are of.
pub fn locked_anywhere(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    let found = people::store::find(c, person)?.and_then(|p| p.household_id);
    let household = found.ok_or_else(AppError::not_found)?;
    locked(c, who, action, household, person)
}

/// Those of these people to whom the caller may do this, as [`visible`] finds one, and where: the place
/// whose workers see both, person and household.
pub fn among(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    ids: &[Uid],
) -> AppResult<Vec<(PersonRow, Place)>> {
    let rows = people::store::in_households(c, ids)?;
    let of: BTreeSet<Uid> = rows.iter().filter_map(|p| p.household_id).collect();
    let of: Vec<Uid> = of.into_iter().collect();
    let seen = store::among(c, who, Action::HouseholdRead, &of)?;
    let seen: BTreeMap<Uid, Place> = seen.iter().map(|h| (h.id, h.place())).collect();
    let at = |p: PersonRow| {
        let home = seen.get(&p.household_id?)?;
        let at = feed::wider(p.place(), *home);
        who.can(action, &p).then_some((p, at))
    };
    Ok(rows.into_iter().filter_map(at).collect())
}

fn of(person: &PersonRow, household: Uid) -> bool {
    person.household_id == Some(household) && person.state == PersonState::Active
}

pub(super) fn one(c: &mut DbConn, who: &Who, household: Uid, person: Uid) -> AppResult<Shown> {
    let row = visible(c, who, Action::HouseholdRead, household, person)?.into_row();
    let purposes = people::store::purposes_of(c, &[person])?;
    Ok((row, purposes))
}
