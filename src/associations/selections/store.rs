//! All SQL about selections and nominations.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{nominations, persons, selections};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::people::model::{PersonRow, PersonState, StaffChannel};
use crate::{all_locked, first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &SelectionRow,
) -> AppResult<()> {
    diesel::insert_into(selections::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether an association selects in this category for a year.
pub fn is_one(
    c: &mut DbConn,
    association: Uid,
    year: i64,
    category: SelectionCategory,
) -> AppResult<bool> {
    let living = selections::table
        .filter(selections::association_id.eq(association))
        .filter(selections::year.eq(year))
        .filter(selections::category.eq(category))
        .filter(selections::state.ne(SelectionState::Cancelled));
    Ok(diesel::select(exists(living)).get_result(c)?)
}

/// The selection, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SelectionRow>> {
    let row = selections::table
        .find(id)
        .select(SelectionRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing: it, or whatever hangs on it.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SelectionRow>> {
    let row = first_locked!(
        c,
        selections::table.find(id).select(SelectionRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which selections a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub year: Option<i64>,
    pub category: Option<SelectionCategory>,
    pub state: Option<SelectionState>,
}

/// A page of the selections in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<SelectionRow>> {
    let mine = selections::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = selections::table
        .filter(mine.or(in_scope!(selections, scope)))
        .select(SelectionRow::as_select())
        .order(selections::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(selections::association_id.eq(association));
    }
    if let Some(year) = filter.year {
        query = query.filter(selections::year.eq(year));
    }
    if let Some(category) = filter.category {
        query = query.filter(selections::category.eq(category));
    }
    if let Some(state) = filter.state {
        query = query.filter(selections::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(selections::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = selections)]
pub struct Step {
    pub version: i64,
    pub state: SelectionState,
    pub publicity_from: Option<Day>,
    pub publicity_to: Option<Day>,
    pub decided_on: Option<Day>,
    pub decided_by: Option<SelectionBody>,
    pub cancelled_because: Option<SelectionCancelReason>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, selection: &Handle<SelectionRow>, step: &Step) -> AppResult<()> {
    diesel::update(selections::table.find(selection.id))
        .set(step)
        .execute(c)?;
    Ok(())
}

/// The selection's handle is the right to it.
pub fn nominate(
    c: &mut DbConn,
    _selection: &Handle<SelectionRow>,
    row: &NominationRow,
) -> AppResult<()> {
    diesel::insert_into(nominations::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether an association, or somebody, is nominated in a selection.
pub fn is_nominated(
    c: &mut DbConn,
    selection: Uid,
    association: Uid,
    person: Option<Uid>,
) -> AppResult<bool> {
    let mut query = nominations::table
        .filter(nominations::selection_id.eq(selection))
        .filter(nominations::state.ne(NominationState::Withdrawn))
        .select(nominations::id)
        .limit(1)
        .into_boxed();
    query = match person {
        Some(person) => query.filter(nominations::person_id.eq(person)),
        None => query.filter(nominations::association_id.eq(association)),
    };
    let found: Vec<Uid> = query.load(c)?;
    Ok(!found.is_empty())
}

/// How many are nominated in a selection, those who want out too.
pub fn how_many(c: &mut DbConn, selection: Uid) -> AppResult<i64> {
    Ok(nominations::table
        .filter(nominations::selection_id.eq(selection))
        .count()
        .get_result(c)?)
}

/// The nomination with its selection, whoever may see it.
pub fn nomination(c: &mut DbConn, id: Uid) -> AppResult<Option<NominationRow>> {
    Ok(nominations::table
        .find(id)
        .select(NominationRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked for writing.
pub fn locked_nomination(c: &mut DbConn, id: Uid) -> AppResult<Option<NominationRow>> {
    Ok(first_locked!(
        c,
        nominations::table
            .find(id)
            .select(NominationRow::as_select())
    )
    .optional()?)
}

/// All nominations of a selection, locked; they are bounded.
pub fn all_of(c: &mut DbConn, selection: &Handle<SelectionRow>) -> AppResult<Vec<NominationRow>> {
    Ok(all_locked!(
        c,
        nominations::table
            .filter(nominations::selection_id.eq(selection.id))
            .select(NominationRow::as_select())
            .order(nominations::id)
    )?)
}

pub type Found = (NominationRow, Option<PersonRow>);

/// A page of a selection's nominations, newest first, with who is nominated.
pub fn list_nominations(
    c: &mut DbConn,
    selection: &Handle<SelectionRow>,
    state: Option<NominationState>,
    page: Page,
) -> AppResult<Vec<Found>> {
    let mut query = nominations::table
        .filter(nominations::selection_id.eq(selection.id))
        .select(NominationRow::as_select())
        .order(nominations::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(nominations::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(nominations::id.lt(after));
    }
    let rows = query.load(c)?;
    with_people(c, rows)
}

/// These nominations with who is nominated, as far as they are in use.
pub fn with_people(c: &mut DbConn, rows: Vec<NominationRow>) -> AppResult<Vec<Found>> {
    let ids: Vec<Uid> = rows.iter().filter_map(|row| row.person_id).collect();
    let people: Vec<PersonRow> = persons::table
        .filter(persons::id.eq_any(ids))
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .load(c)?;
    let with = |row: NominationRow| {
        let person = people.iter().find(|p| row.person_id == Some(p.id));
        (row, person.cloned())
    };
    Ok(rows.into_iter().map(with).collect())
}

/// Where somebody is or was nominated, newest first; for their own eyes.
pub fn of_person(
    c: &mut DbConn,
    person: Uid,
    most: i64,
) -> AppResult<Vec<(NominationRow, SelectionRow)>> {
    Ok(nominations::table
        .inner_join(selections::table.on(selections::id.eq(nominations::selection_id)))
        .filter(nominations::person_id.eq(person))
        .select((NominationRow::as_select(), SelectionRow::as_select()))
        .order(nominations::id.desc())
        .limit(most)
        .load(c)?)
}

/// What a step alters of a nomination; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = nominations)]
pub struct NominationStep {
    pub version: i64,
    pub state: NominationState,
    pub agreed_on: Option<Day>,
    pub agreed_channel: Option<StaffChannel>,
    pub settled_on: Option<Day>,
    pub updated_at: Micros,
}

pub fn step_nomination(
    c: &mut DbConn,
    nomination: &Handle<NominationRow>,
    step: &NominationStep,
) -> AppResult<()> {
    diesel::update(nominations::table.find(nomination.id))
        .set(step)
        .execute(c)?;
    Ok(())
}

/// Somebody wants out of whatever is not decided, or of what they are nominated for by one association; answers those
/// rows. Their own handle is the right to it.
pub fn withdraw_person(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    association: Option<Uid>,
    (on, at): (Day, Micros),
) -> AppResult<Vec<NominationRow>> {
    let rows: Vec<NominationRow> = all_locked!(
        c,
        nominations::table
            .filter(nominations::person_id.eq(person.id))
            .filter(nominations::state.eq_any([NominationState::Proposed, NominationState::Agreed]))
            .select(NominationRow::as_select())
            .order(nominations::id)
    )?;
    let of_it = |row: &NominationRow| association.is_none_or(|one| one == row.association_id);
    let rows: Vec<NominationRow> = rows.into_iter().filter(of_it).collect();
    for row in &rows {
        diesel::update(nominations::table.find(row.id))
            .set((
                nominations::state.eq(NominationState::Withdrawn),
                nominations::settled_on.eq(on),
                nominations::version.eq(row.version + 1),
                nominations::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// Every nomination of somebody.
pub fn ids_of_person(c: &mut DbConn, person: Uid) -> AppResult<Vec<Uid>> {
    Ok(nominations::table
        .filter(nominations::person_id.eq(person))
        .select(nominations::id)
        .load(c)?)
}

/// What somebody was nominated for becomes a nomination of nobody; answers how many.
pub fn forget(c: &mut DbConn, person: &Handle<PersonRow>, at: Micros) -> AppResult<usize> {
    Ok(
        diesel::update(nominations::table.filter(nominations::person_id.eq(person.id)))
            .set((
                nominations::person_id.eq(None::<Uid>),
                nominations::version.eq(nominations::version + 1),
                nominations::updated_at.eq(at.0),
            ))
            .execute(c)?,
    )
}
