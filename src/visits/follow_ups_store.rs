//! All SQL about follow-ups.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::*;
use super::rules::FollowUpState;
use super::visits_store;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::follow_ups;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::http::page::Page;
use crate::{all_locked, first_locked, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &FollowUpRow) -> AppResult<()> {
    diesel::insert_into(follow_ups::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// Follow-ups that anybody may see: what was done, what is to do at member homes, and at households of which somebody
/// agrees to be come back to. The others are out of use.
fn in_use() -> SqlLiteral<Bool> {
    sql(
        "(follow_ups.household_id IS NULL OR follow_ups.closed_at IS NOT NULL OR EXISTS (SELECT 1 FROM persons p \
         JOIN consents k ON k.person_id = p.id WHERE p.household_id = follow_ups.household_id AND p.state = 'active' \
         AND k.purpose = 'service_follow_up' AND k.withdrawn_at IS NULL AND k.refused = FALSE))",
    )
}

/// What belongs to a draft is its author's alone.
fn published_or_own(who: &Who, row: &FollowUpRow) -> bool {
    row.published || row.registered_by == who.user
}

fn authorised(
    who: &Who,
    action: Action,
    row: Option<FollowUpRow>,
) -> AppResult<Handle<FollowUpRow>> {
    who.authorise(action, row.filter(|row| published_or_own(who, row)))
}

/// The follow-up, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<FollowUpRow>> {
    let row = follow_ups::table
        .find(id)
        .filter(in_use())
        .select(FollowUpRow::as_select())
        .first(c)
        .optional()?;
    authorised(who, action, row)
}

/// Those of these follow-ups that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<FollowUpRow>> {
    let mut rows: Vec<FollowUpRow> = follow_ups::table
        .filter(follow_ups::id.eq_any(ids.to_vec()))
        .filter(in_use())
        .select(FollowUpRow::as_select())
        .load(c)?;
    rows.retain(|row| published_or_own(who, row) && who.can(Action::FollowUpRead, row));
    Ok(rows)
}

/// The follow-up, locked for writing, and its visit, of which it is shown as a part: locked first, as
/// every command on a visit does.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<FollowUpRow>, VisitRow)> {
    let of: Option<Uid> = follow_ups::table
        .find(id)
        .select(follow_ups::visit_id)
        .first(c)
        .optional()?;
    let visit = visits_store::locked_among(c, of.as_slice())?.pop();
    let row = first_locked!(
        c,
        follow_ups::table
            .find(id)
            .filter(in_use())
            .select(FollowUpRow::as_select())
    )
    .optional()?;
    let row = authorised(who, action, row)?;
    let visit = visit.ok_or_else(|| AppError::internal("a follow-up without a visit"))?;
    Ok((row, visit))
}

/// All of several visits that are in use, by their days.
pub fn of_visits(c: &mut DbConn, visits: &[Uid]) -> AppResult<Vec<FollowUpRow>> {
    Ok(follow_ups::table
        .filter(follow_ups::visit_id.eq_any(visits.to_vec()))
        .filter(in_use())
        .select(FollowUpRow::as_select())
        .order((follow_ups::due_on, follow_ups::id))
        .load(c)?)
}

/// All of one visit, locked: somebody may be completing one of them.
pub fn locked_of(c: &mut DbConn, visit: &Handle<VisitRow>) -> AppResult<Vec<FollowUpRow>> {
    Ok(all_locked!(
        c,
        follow_ups::table
            .filter(follow_ups::visit_id.eq(visit.id))
            .select(FollowUpRow::as_select())
            .order(follow_ups::id)
    )?)
}

/// A page of the follow-ups the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    caller: Uid,
    state: Option<FollowUpState>,
    due_before: Option<Day>,
    page: Page,
) -> AppResult<Vec<FollowUpRow>> {
    let mut query = follow_ups::table
        .filter(in_scope_or_own!(follow_ups, scope))
        .filter(in_use())
        .filter(
            follow_ups::published
                .eq(true)
                .or(follow_ups::registered_by.eq(caller)),
        )
        .select(FollowUpRow::as_select())
        .order(follow_ups::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(follow_ups::state.eq(state));
    }
    if let Some(day) = due_before {
        query = query.filter(follow_ups::due_on.lt(day));
    }
    if let Some(after) = page.after {
        query = query.filter(follow_ups::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The visits that left published open follow-ups about a household.
pub fn open_visits(c: &mut DbConn, household: &Handle<HouseholdRow>) -> AppResult<Vec<Uid>> {
    Ok(follow_ups::table
        .filter(follow_ups::household_id.eq(household.id))
        .filter(follow_ups::state.eq(FollowUpState::Open))
        .filter(follow_ups::published.eq(true))
        .select(follow_ups::visit_id)
        .distinct()
        .load(c)?)
}

/// The visits that left anything open about a household, shown to others or not.
pub fn visits_with_open(c: &mut DbConn, household: Uid) -> AppResult<Vec<Uid>> {
    Ok(follow_ups::table
        .filter(follow_ups::household_id.eq(household))
        .filter(follow_ups::state.eq(FollowUpState::Open))
        .select(follow_ups::visit_id)
        .distinct()
        .load(c)?)
}

/// Deletes whatever is open about a household; answers it as it was. Its visits are locked.
pub(super) fn delete_open(c: &mut DbConn, household: Uid) -> AppResult<Vec<FollowUpRow>> {
    let open = follow_ups::table
        .filter(follow_ups::household_id.eq(household))
        .filter(follow_ups::state.eq(FollowUpState::Open));
    let rows: Vec<FollowUpRow> = all_locked!(
        c,
        open.select(FollowUpRow::as_select()).order(follow_ups::id)
    )?;
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    diesel::delete(follow_ups::table.filter(follow_ups::id.eq_any(ids))).execute(c)?;
    Ok(rows)
}

/// Gives the published open follow-ups of a household to a worker; answers them as they are then.
pub fn assign_household(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    worker: Uid,
    at: Micros,
) -> AppResult<Vec<FollowUpRow>> {
    let mut rows: Vec<FollowUpRow> = all_locked!(
        c,
        follow_ups::table
            .filter(
                follow_ups::household_id
                    .eq(household.id)
                    .and(follow_ups::state.eq(FollowUpState::Open))
                    .and(follow_ups::published.eq(true))
            )
            .select(FollowUpRow::as_select())
            .order(follow_ups::id)
    )?;
    rows.retain(|row| row.assignee != worker);
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, worker);
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(follow_ups::table.find(row.id))
            .set((
                follow_ups::assignee.eq(worker),
                follow_ups::version.eq(row.version),
                follow_ups::field_versions.eq(&row.field_versions),
                follow_ups::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// Puts a household's published follow-ups where it went, those still open into the hands of its new worker; answers
/// them as they are then.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
    at: Micros,
) -> AppResult<Vec<FollowUpRow>> {
    let mut rows: Vec<FollowUpRow> = all_locked!(
        c,
        follow_ups::table
            .filter(
                follow_ups::household_id
                    .eq(household.id)
                    .and(follow_ups::published.eq(true))
            )
            .select(FollowUpRow::as_select())
            .order(follow_ups::id)
    )?;
    for row in &mut rows {
        row.version += 1;
        row.county = to.place.county.unwrap_or(row.county);
        (row.town, row.village) = (to.place.town, to.place.village);
        if row.state == FollowUpState::Open {
            row.assignee = to.worker;
        }
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(follow_ups::table.find(row.id))
            .set((
                follow_ups::version.eq(row.version),
                follow_ups::field_versions.eq(&row.field_versions),
                follow_ups::county.eq(row.county),
                follow_ups::town.eq(row.town),
                follow_ups::village.eq(row.village),
                follow_ups::assignee.eq(row.assignee),
                follow_ups::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// What changes in a follow-up; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = follow_ups)]
pub struct FollowUpChange {
    pub version: i64,
    pub field_versions: String,
    pub assignee: Option<Uid>,
    pub due_on: Option<Day>,
    pub published: Option<bool>,
    pub state: Option<FollowUpState>,
    pub outcome: Option<FollowUpOutcome>,
    pub outcome_note: Option<Vec<u8>>,
    pub closed_by: Option<Uid>,
    pub closed_at: Option<Micros>,
    pub updated_at: Micros,
}

impl FollowUpChange {
    /// The next version, with these fields touched and nothing else said yet.
    pub fn of(row: &FollowUpRow, fields: &[&str], at: Micros) -> FollowUpChange {
        let version = row.version + 1;
        FollowUpChange {
            version,
            field_versions: crate::sync::touch(&row.field_versions, version, fields),
            assignee: None,
            due_on: None,
            published: None,
            state: None,
            outcome: None,
            outcome_note: None,
            closed_by: None,
            closed_at: None,
            updated_at: at,
        }
    }
}

pub fn change(c: &mut DbConn, row: &Handle<FollowUpRow>, change: &FollowUpChange) -> AppResult<()> {
    diesel::update(follow_ups::table.find(row.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Follow-ups go with the visit they belong to: its handle vouches for them.
pub fn change_of(
    c: &mut DbConn,
    visit: &Handle<VisitRow>,
    row: &FollowUpRow,
    change: &FollowUpChange,
) -> AppResult<()> {
    diesel::update(
        follow_ups::table
            .find(row.id)
            .filter(follow_ups::visit_id.eq(visit.id)),
    )
    .set(change)
    .execute(c)?;
    Ok(())
}

/// Drops a follow-up that nobody but the author ever saw.
pub fn drop_unpublished(
    c: &mut DbConn,
    visit: &Handle<VisitRow>,
    row: &FollowUpRow,
) -> AppResult<()> {
    diesel::delete(
        follow_ups::table
            .find(row.id)
            .filter(follow_ups::visit_id.eq(visit.id))
            .filter(follow_ups::published.eq(false)),
    )
    .execute(c)?;
    Ok(())
}
