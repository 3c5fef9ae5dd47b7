//! All SQL about households.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{households, persons};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people::model::{PersonRow, PersonState};
use crate::{first_locked, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &HouseholdRow) -> AppResult<()> {
    diesel::insert_into(households::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The household, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<HouseholdRow>> {
    let row = households::table
        .find(id)
        .filter(households::state.eq(HouseholdState::Active))
        .select(HouseholdRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Those of these households to which the caller may do this, as [`visible`] finds one.
pub fn among(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    ids: &[Uid],
) -> AppResult<Vec<HouseholdRow>> {
    let rows: Vec<HouseholdRow> = households::table
        .filter(households::id.eq_any(ids.to_vec()))
        .filter(households::state.eq(HouseholdState::Active))
        .select(HouseholdRow::as_select())
        .load(c)?;
    Ok(rows.into_iter().filter(|h| who.can(action, h)).collect())
}

/// These households, whoever may see them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<HouseholdRow>> {
    Ok(households::table
        .filter(households::id.eq_any(ids.to_vec()))
        .filter(households::state.eq(HouseholdState::Active))
        .select(HouseholdRow::as_select())
        .load(c)?)
}

/// The wrapped data keys of those of these households that were not erased: for texts about
/// a household that rest elsewhere, under rows the caller may see.
pub fn data_keys(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<(Uid, Vec<u8>)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(households::table
        .filter(households::id.eq_any(ids.to_vec()))
        .filter(households::state.eq(HouseholdState::Active))
        .select((households::id, households::data_key))
        .load(c)?)
}

/// The same, locked for writing: it or anything that hangs on it.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<HouseholdRow>> {
    let row = first_locked!(
        c,
        households::table
            .filter(
                households::id
                    .eq(id)
                    .and(households::state.eq(HouseholdState::Active))
            )
            .select(HouseholdRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// A page of households the caller may see, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, page: Page) -> AppResult<Vec<HouseholdRow>> {
    let mut query = households::table
        .filter(in_scope_or_own!(households, scope))
        .filter(households::state.eq(HouseholdState::Active))
        .select(HouseholdRow::as_select())
        .order(households::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(households::id.lt(after));
    }
    Ok(query.load(c)?)
}

#[derive(AsChangeset)]
#[diesel(table_name = households)]
pub struct Amendment {
    pub version: i64,
    pub field_versions: String,
    pub kind: Option<HouseholdKind>,
    pub address: Option<Option<Vec<u8>>>,
    pub contact_person_id: Option<Option<Uid>>,
    pub updated_at: Micros,
}

pub fn amend(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    change: &Amendment,
) -> AppResult<()> {
    diesel::update(households::table.find(household.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The household that somebody is in, whoever may see it; locked, because what is written of its people
/// follows from who sees it.
pub fn of_person(c: &mut DbConn, person: &PersonRow) -> AppResult<Option<HouseholdRow>> {
    let Some(id) = person.household_id else {
        return Ok(None);
    };
    Ok(first_locked!(
        c,
        households::table.find(id).select(HouseholdRow::as_select())
    )
    .optional()?)
}

/// Whether nobody else is left in a household, which is locked: not even somebody whose data waits to be erased.
pub fn is_empty_without(c: &mut DbConn, household: Uid, people: &[Uid]) -> AppResult<bool> {
    let home: Option<HouseholdRow> = first_locked!(
        c,
        households::table
            .find(household)
            .filter(households::state.eq(HouseholdState::Active))
            .select(HouseholdRow::as_select())
    )
    .optional()?;
    let others = persons::table
        .filter(persons::household_id.eq(household))
        .filter(persons::id.ne_all(people.to_vec()))
        .filter(persons::state.eq_any([PersonState::Active, PersonState::Restricted]));
    let others: bool = diesel::select(diesel::dsl::exists(others)).get_result(c)?;
    // Somebody who lives elsewhere by now may still be insured by it.
    Ok(
        home.is_some()
            && !others
            && !crate::insurance::store::insures_others(c, household, people)?,
    )
}

/// Households that nobody is of, and nothing changed in since then.
pub fn left_alone(c: &mut DbConn, since: Micros, limit: i64) -> AppResult<Vec<Uid>> {
    let people = persons::table
        .filter(persons::household_id.eq(households::id.nullable()))
        .filter(persons::state.eq_any([PersonState::Active, PersonState::Restricted]));
    Ok(households::table
        .filter(households::state.eq(HouseholdState::Active))
        .filter(households::updated_at.lt(since.0))
        .filter(diesel::dsl::not(diesel::dsl::exists(people)))
        .order(households::id)
        .select(households::id)
        .limit(limit)
        .load(c)?)
}

/// Makes a household's row one of nobody: of where it was the county stays. Part of an erasure, which is the
/// right to it.
pub fn clear(c: &mut DbConn, household: Uid, at: Micros) -> AppResult<()> {
    let county: Option<Uid> = households::table
        .find(household)
        .select(households::county)
        .first(c)
        .optional()?;
    let Some(county) = county else {
        return Ok(());
    };
    let area = crate::areas::store::by_id(c, county)?
        .ok_or_else(|| AppError::internal("a county that is no area"))?;
    diesel::update(households::table.find(household))
        .set((
            households::town.eq(None::<Uid>),
            households::village.eq(None::<Uid>),
            households::area_id.eq(county),
            households::area_code.eq(&area.code),
            households::assignee.eq(None::<Uid>),
            households::data_key.eq(Vec::new()),
            households::address.eq(None::<Vec<u8>>),
            households::contact_person_id.eq(None::<Uid>),
            households::state.eq(HouseholdState::Erased),
            households::field_versions.eq(crate::sync::fields::NEW),
            households::version.eq(households::version + 1),
            households::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// What a person's leaving changes in their household. The person's handle is the right to it.
pub fn let_go(c: &mut DbConn, person: &Handle<PersonRow>, change: &Amendment) -> AppResult<()> {
    let Some(id) = person.household_id else {
        return Ok(());
    };
    diesel::update(households::table.find(id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn assign(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    let next = household.version + 1;
    diesel::update(households::table.find(household.id))
        .set((
            households::assignee.eq(assignee),
            households::version.eq(next),
            households::field_versions.eq(crate::sync::touch(
                &household.field_versions,
                next,
                &["assignee"],
            )),
            households::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Puts a household where the last of its people went.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    after: &HouseholdRow,
) -> AppResult<()> {
    diesel::update(households::table.find(household.id))
        .set((
            households::county.eq(after.county),
            households::town.eq(after.town),
            households::village.eq(after.village),
            households::area_id.eq(after.area_id),
            households::area_code.eq(&after.area_code),
            households::address.eq(&after.address),
            households::assignee.eq(after.assignee),
            households::version.eq(after.version),
            households::field_versions.eq(&after.field_versions),
            households::updated_at.eq(after.updated_at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// The wrapped key of a household, for records of other domains that rest under it and that the
/// caller was found to be allowed.
pub fn data_key(c: &mut DbConn, id: Uid) -> AppResult<Vec<u8>> {
    Ok(households::table
        .find(id)
        .select(households::data_key)
        .first(c)?)
}

/// The same of several households.
pub fn wrapped_keys(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<(Uid, Vec<u8>)>> {
    Ok(households::table
        .filter(households::id.eq_any(ids.to_vec()))
        .select((households::id, households::data_key))
        .load(c)?)
}

/// The household that somebody is in, for the person themselves.
pub fn home_of(c: &mut DbConn, person: &PersonRow) -> AppResult<Option<HouseholdRow>> {
    let Some(id) = person.household_id else {
        return Ok(None);
    };
    Ok(households::table
        .find(id)
        .filter(households::state.eq(HouseholdState::Active))
        .select(HouseholdRow::as_select())
        .first(c)
        .optional()?)
}
