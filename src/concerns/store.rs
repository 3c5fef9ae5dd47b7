//! All SQL about concerns.

use diesel::prelude::*;

use super::model::*;
use crate::areas::model::AreaLevel;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{areas, concerns};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
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

/// Gives the concerns of a household to another worker, and answers those that were not theirs. The household's
/// handle is the right to it.
pub fn assign(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    worker: Uid,
    at: Micros,
) -> AppResult<Vec<ConcernRow>> {
    let mut rows: Vec<ConcernRow> = all_locked!(
        c,
        concerns::table
            .filter(concerns::household_id.eq(household.id))
            .select(ConcernRow::as_select())
            .order(concerns::id)
    )?;
    rows.retain(|row| row.assignee != Some(worker));
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, Some(worker));
        diesel::update(concerns::table.find(row.id))
            .set((
                concerns::assignee.eq(worker),
                concerns::version.eq(row.version),
                concerns::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
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

/// Which concerns a list holds, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub order: ConcernOrder,
    pub state: Option<ConcernState>,
    /// Those that wait for an answer due before this day.
    pub due_before: Option<Day>,
}

/// A page of concerns the caller may see, of one area where one is asked for.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    area: Option<(AreaLevel, Uid)>,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ConcernRow>> {
    let mut query = concerns::table
        .filter(in_scope_or_own!(concerns, scope))
        .select(ConcernRow::as_select())
        .limit(page.limit + 1)
        .into_boxed();
    query = match area {
        None => query,
        Some((AreaLevel::Village, id)) => query.filter(concerns::village.eq(id)),
        Some((AreaLevel::Town, id)) => query.filter(concerns::town.eq(id)),
        Some((AreaLevel::County, id)) => query.filter(concerns::county.eq(id)),
        Some((AreaLevel::City | AreaLevel::Province, id)) => {
            let counties = areas::table
                .filter(areas::level.eq(AreaLevel::County))
                .filter(areas::city.eq(id).or(areas::province.nullable().eq(id)))
                .select(areas::id);
            query.filter(concerns::county.eq_any(counties))
        }
    };
    if let Some(state) = filter.state {
        query = query.filter(concerns::state.eq(state));
    }
    if let Some(before) = filter.due_before {
        query = query
            .filter(concerns::due_on.lt(before))
            .filter(concerns::answered_on.is_null());
    }
    query = match filter.order {
        ConcernOrder::Newest => query.order(concerns::id.desc()),
        ConcernOrder::Due => query.order((concerns::due_on, concerns::id)),
    };
    query = match (page.after, filter.order) {
        (None, _) => query,
        (Some(after), ConcernOrder::Newest) => query.filter(concerns::id.lt(after)),
        (Some(after), ConcernOrder::Due) => {
            // One that was dropped meanwhile says no place any more.
            let last: Option<Day> = concerns::table
                .find(after)
                .select(concerns::due_on)
                .first(c)
                .optional()?;
            let last = last.ok_or_else(|| AppError::of(Code::CursorInvalid))?;
            let later = concerns::due_on.gt(last);
            let same = concerns::due_on.eq(last).and(concerns::id.gt(after));
            query.filter(later.or(same))
        }
    };
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
