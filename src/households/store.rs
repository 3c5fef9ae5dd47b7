//! All SQL about households.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::households;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::people::model::PersonRow;
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
