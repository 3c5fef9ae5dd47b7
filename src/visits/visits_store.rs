//! All SQL about visits and their opinions.

use diesel::prelude::*;

use super::model::*;
use super::rules::{self, VisitState};
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{visit_opinions, visits};
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::http::page::Page;
use crate::residents::model::Need;
use crate::{all_locked, each_backend, first_locked, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &VisitRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(visits::table)
        .values(row)
        .execute(c))
    .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Drafts are their authors' alone: for anybody else there is no such record.
fn submitted_or_own(who: &Who, visit: &VisitRow) -> bool {
    visit.state != VisitState::Draft || visit.registered_by == who.user
}

fn authorised(who: &Who, action: Action, row: Option<VisitRow>) -> AppResult<Handle<VisitRow>> {
    who.authorise(action, row.filter(|visit| submitted_or_own(who, visit)))
}

/// The visit, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<VisitRow>> {
    let row = visits::table
        .find(id)
        .select(VisitRow::as_select())
        .first(c)
        .optional()?;
    authorised(who, action, row)
}

/// Those of these visits that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<VisitRow>> {
    let mut rows: Vec<VisitRow> = visits::table
        .filter(visits::id.eq_any(ids.to_vec()))
        .select(VisitRow::as_select())
        .load(c)?;
    rows.retain(|visit| submitted_or_own(who, visit) && who.can(Action::VisitRead, visit));
    Ok(rows)
}

/// These visits, locked, in the order of their ids: for what hangs on them and is shown with them, whoever
/// may see them.
pub(super) fn locked_among(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<VisitRow>> {
    Ok(all_locked!(
        c,
        visits::table
            .filter(visits::id.eq_any(ids.to_vec()))
            .select(VisitRow::as_select())
            .order(visits::id)
    )?)
}

/// The visit, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<VisitRow>> {
    let row = first_locked!(c, visits::table.find(id).select(VisitRow::as_select())).optional()?;
    authorised(who, action, row)
}

/// Which visits a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct VisitFilter {
    pub state: Option<VisitState>,
    pub member_home: Option<Uid>,
    pub household: Option<Uid>,
}

/// A page of the visits the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    caller: Uid,
    filter: VisitFilter,
    page: Page,
) -> AppResult<Vec<VisitRow>> {
    let mut query = visits::table
        .filter(in_scope_or_own!(visits, scope))
        .filter(
            visits::state
                .ne(VisitState::Draft)
                .or(visits::registered_by.eq(caller)),
        )
        .select(VisitRow::as_select())
        .order(visits::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(visits::state.eq(state));
    }
    if let Some(home) = filter.member_home {
        query = query.filter(visits::member_home_id.eq(home));
    }
    if let Some(household) = filter.household {
        query = query.filter(visits::household_id.eq(household));
    }
    if let Some(after) = page.after {
        query = query.filter(visits::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What an amendment changes; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = visits)]
pub struct VisitAmendment {
    pub version: i64,
    pub field_versions: String,
    pub purpose: Option<VisitPurpose>,
    pub started_at: Option<Micros>,
    pub ended_at: Option<Option<Micros>>,
    pub visit_day: Option<Day>,
    pub companions: Option<Json<Vec<Uid>>>,
    pub lat_milli: Option<Option<i64>>,
    pub lng_milli: Option<Option<i64>>,
    pub offered: Option<Json<Vec<Need>>>,
    pub needs_voiced: Option<Json<Vec<VoicedNeed>>>,
    pub needs_note: Option<Option<Vec<u8>>>,
    pub photos: Option<Json<Vec<PhotoSlot>>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, visit: &Handle<VisitRow>, change: &VisitAmendment) -> AppResult<()> {
    diesel::update(visits::table.find(visit.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// What a transition changes.
#[derive(AsChangeset)]
#[diesel(table_name = visits)]
pub struct Transition {
    pub version: i64,
    pub field_versions: String,
    pub state: VisitState,
    pub submitted_at: Option<Micros>,
    pub return_reason: Option<ReturnReason>,
    pub return_note: Option<Option<Vec<u8>>>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    pub updated_at: Micros,
}

pub fn set_state(c: &mut DbConn, visit: &Handle<VisitRow>, change: &Transition) -> AppResult<()> {
    diesel::update(visits::table.find(visit.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Whether another visit of the same day looks like this one. Other people's drafts are not told of.
pub fn duplicated(c: &mut DbConn, visit: &VisitRow) -> AppResult<bool> {
    type Seen = (Uid, Option<Uid>, Option<Uid>, Micros);
    let query = visits::table
        .filter(visits::visit_day.eq(visit.visit_day))
        .filter(visits::id.ne(visit.id))
        .filter(
            visits::state
                .ne(VisitState::Draft)
                .or(visits::registered_by.eq(visit.registered_by)),
        )
        .select((
            visits::registered_by,
            visits::member_home_id,
            visits::household_id,
            visits::started_at,
        ))
        .limit(100);
    let mut seen: Vec<Seen> = query
        .into_boxed()
        .filter(visits::registered_by.eq(visit.registered_by))
        .load(c)?;
    if let Some(home) = visit.member_home_id {
        let there = query
            .into_boxed()
            .filter(visits::member_home_id.eq(home))
            .load::<Seen>(c)?;
        seen.extend(there);
    }
    if let Some(household) = visit.household_id {
        let there = query
            .into_boxed()
            .filter(visits::household_id.eq(household))
            .load::<Seen>(c)?;
        seen.extend(there);
    }
    Ok(seen.iter().any(|(author, home, household, started)| {
        let same_target = *home == visit.member_home_id && *household == visit.household_id;
        let same_author = *author == visit.registered_by;
        rules::looks_duplicate(same_target, same_author, *started, visit.started_at)
    }))
}

// --- opinions ---

/// The opinions of several visits, each visit's in their order.
pub fn opinions_of(c: &mut DbConn, visits: &[Uid]) -> AppResult<Vec<OpinionRow>> {
    Ok(visit_opinions::table
        .filter(visit_opinions::visit_id.eq_any(visits.to_vec()))
        .select(OpinionRow::as_select())
        .order(visit_opinions::ordinal)
        .load(c)?)
}

pub fn insert_opinions(c: &mut DbConn, rows: &[OpinionRow]) -> AppResult<()> {
    for row in rows {
        each_backend!(c, |c| diesel::insert_into(visit_opinions::table)
            .values(row)
            .execute(c))?;
    }
    Ok(())
}

/// Puts these opinions in the place of all those before.
pub fn replace_opinions(
    c: &mut DbConn,
    visit: &Handle<VisitRow>,
    rows: &[OpinionRow],
) -> AppResult<()> {
    diesel::delete(visit_opinions::table.filter(visit_opinions::visit_id.eq(visit.id)))
        .execute(c)?;
    insert_opinions(c, rows)
}

/// The newest visits to a household, drafts left out, for its own people: when, what for, and what was offered.
pub fn newest_of_household(
    c: &mut DbConn,
    household: Uid,
    most: i64,
) -> AppResult<Vec<(Day, VisitPurpose, Vec<Need>)>> {
    let rows: Vec<(Day, VisitPurpose, Json<Vec<Need>>)> = visits::table
        .filter(visits::household_id.eq(household))
        .filter(visits::state.ne(VisitState::Draft))
        .select((visits::visit_day, visits::purpose, visits::offered))
        .order((visits::visit_day.desc(), visits::id.desc()))
        .limit(most)
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(day, purpose, offered)| (day, purpose, offered.0))
        .collect())
}

/// Puts a household's visits that were submitted where it went; answers them as they are then.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
    at: Micros,
) -> AppResult<Vec<VisitRow>> {
    let mut rows: Vec<VisitRow> = all_locked!(
        c,
        visits::table
            .filter(
                visits::household_id
                    .eq(household.id)
                    .and(visits::state.eq_any([VisitState::Submitted, VisitState::Confirmed]))
            )
            .select(VisitRow::as_select())
            .order(visits::id)
    )?;
    for row in &mut rows {
        row.version += 1;
        row.county = to.place.county.unwrap_or(row.county);
        (row.town, row.village) = (to.place.town, to.place.village);
        (row.area_code, row.assignee) = (to.area.code.clone(), Some(to.worker));
        diesel::update(visits::table.find(row.id))
            .set((
                visits::version.eq(row.version),
                visits::county.eq(row.county),
                visits::town.eq(row.town),
                visits::village.eq(row.village),
                visits::area_code.eq(&row.area_code),
                visits::assignee.eq(row.assignee),
                visits::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}
