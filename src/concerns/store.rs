//! All SQL about concerns.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::concerns;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::http::page::Page;
use crate::rights_requests::model::RightsBody;
use crate::visits::model::VisitRow;
use crate::{all_locked, first_locked, in_scope_or_own};

/// The visit's handle is the right to it.
pub fn insert(c: &mut DbConn, _visit: &Handle<VisitRow>, row: &ConcernRow) -> AppResult<()> {
    diesel::insert_into(concerns::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// What a visit voiced so far, locked: somebody may be answering it.
pub fn locked_of(c: &mut DbConn, visit: &Handle<VisitRow>) -> AppResult<Vec<ConcernRow>> {
    Ok(all_locked!(
        c,
        concerns::table
            .filter(concerns::visit_id.eq(visit.id))
            .select(ConcernRow::as_select())
            .order(concerns::id)
    )?)
}

/// Drops what is not voiced any more.
pub fn drop_open(c: &mut DbConn, visit: &Handle<VisitRow>, row: &ConcernRow) -> AppResult<()> {
    diesel::delete(
        concerns::table
            .find(row.id)
            .filter(concerns::visit_id.eq(visit.id))
            .filter(concerns::state.eq(ConcernState::Open)),
    )
    .execute(c)?;
    Ok(())
}

/// The concern, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ConcernRow>> {
    let row = concerns::table
        .find(id)
        .select(ConcernRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Those of these concerns that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<ConcernRow>> {
    let mut rows: Vec<ConcernRow> = concerns::table
        .filter(concerns::id.eq_any(ids.to_vec()))
        .select(ConcernRow::as_select())
        .load(c)?;
    rows.retain(|row| who.can(Action::ConcernRead, row));
    Ok(rows)
}

/// The concern, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ConcernRow>> {
    let row =
        first_locked!(c, concerns::table.find(id).select(ConcernRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// Which concerns a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub state: Option<ConcernState>,
    /// Those that wait for an answer due before this day.
    pub due_before: Option<Day>,
}

/// A page of concerns the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ConcernRow>> {
    let mut query = concerns::table
        .filter(in_scope_or_own!(concerns, scope))
        .select(ConcernRow::as_select())
        .order(concerns::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(concerns::state.eq(state));
    }
    if let Some(before) = filter.due_before {
        query = query
            .filter(concerns::due_on.lt(before))
            .filter(concerns::answered_on.is_null());
    }
    if let Some(after) = page.after {
        query = query.filter(concerns::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a step changes; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = concerns)]
pub struct Step {
    pub version: i64,
    pub state: ConcernState,
    pub referred_to: Option<RightsBody>,
    pub referred_office: Option<Option<Vec<u8>>>,
    pub referred_on: Option<Day>,
    pub referred_by: Option<Uid>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, concern: &Handle<ConcernRow>, step: &Step) -> AppResult<()> {
    diesel::update(concerns::table.find(concern.id))
        .set(step)
        .execute(c)?;
    Ok(())
}

/// Puts what was voiced by a household where it went; answers them as they are then.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
    at: Micros,
) -> AppResult<Vec<ConcernRow>> {
    let mut rows: Vec<ConcernRow> = all_locked!(
        c,
        concerns::table
            .filter(concerns::household_id.eq(household.id))
            .select(ConcernRow::as_select())
            .order(concerns::id)
    )?;
    for row in &mut rows {
        row.version += 1;
        row.county = to.place.county.unwrap_or(row.county);
        (row.town, row.village) = (to.place.town, to.place.village);
        (row.area_code, row.assignee) = (to.area.code.clone(), Some(to.worker));
        diesel::update(concerns::table.find(row.id))
            .set((
                concerns::version.eq(row.version),
                concerns::county.eq(row.county),
                concerns::town.eq(row.town),
                concerns::village.eq(row.village),
                concerns::area_code.eq(&row.area_code),
                concerns::assignee.eq(row.assignee),
                concerns::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}
