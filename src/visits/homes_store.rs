//! All SQL about member homes and their possessions.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{
    home_openings, home_possessions, member_homes, possession_checks, possession_kinds,
};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The kinds of possessions, in their order.
pub fn kinds(c: &mut DbConn) -> AppResult<Vec<PossessionKindRow>> {
    Ok(possession_kinds::table
        .select(PossessionKindRow::as_select())
        .order((possession_kinds::ordinal, possession_kinds::kind))
        .limit(20)
        .load(c)?)
}

pub fn insert(c: &mut DbConn, row: &HomeRow) -> AppResult<()> {
    diesel::insert_into(member_homes::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    opened(c, row.id, Day(row.created_at.china_day()))
}

/// Notes that a home is open from this day on; one that was closed on it was not closed.
pub fn opened(c: &mut DbConn, home: Uid, on: Day) -> AppResult<()> {
    let today = home_openings::table
        .filter(home_openings::home_id.eq(home))
        .filter(home_openings::closed_on.eq(on));
    let none: Option<Day> = None;
    let again = diesel::update(today)
        .set(home_openings::closed_on.eq(none))
        .execute(c)?;
    if again == 0 {
        let row = (
            home_openings::home_id.eq(home),
            home_openings::opened_on.eq(on),
        );
        diesel::insert_into(home_openings::table)
            .values(row)
            .execute(c)?;
    }
    Ok(())
}

/// Notes that a home is closed, this day being the last on which it was open.
pub fn closed(c: &mut DbConn, home: Uid, on: Day) -> AppResult<()> {
    let open = home_openings::table
        .filter(home_openings::home_id.eq(home))
        .filter(home_openings::closed_on.is_null());
    diesel::update(open)
        .set(home_openings::closed_on.eq(Some(on)))
        .execute(c)?;
    Ok(())
}

/// The home, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<HomeRow>> {
    let row = member_homes::table
        .find(id)
        .select(HomeRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Those of these homes that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<HomeRow>> {
    let mut rows: Vec<HomeRow> = member_homes::table
        .filter(member_homes::id.eq_any(ids.to_vec()))
        .select(HomeRow::as_select())
        .load(c)?;
    rows.retain(|home| who.can(Action::MemberHomeRead, home));
    Ok(rows)
}

/// What homes are called, by id.
pub fn titles(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<HashMap<Uid, String>> {
    let rows: Vec<(Uid, String)> = member_homes::table
        .filter(member_homes::id.eq_any(ids))
        .select((member_homes::id, member_homes::title))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// The home, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<HomeRow>> {
    let row =
        first_locked!(c, member_homes::table.find(id).select(HomeRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// A page of the homes of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    state: Option<HomeState>,
    page: Page,
) -> AppResult<Vec<HomeRow>> {
    let mut query = member_homes::table
        .filter(in_scope!(member_homes, scope))
        .select(HomeRow::as_select())
        .order(member_homes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(member_homes::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(member_homes::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = member_homes)]
pub struct HomeAmendment {
    pub version: i64,
    pub field_versions: String,
    pub title: Option<String>,
    pub site_address: Option<String>,
    pub opening_hours: Option<Option<String>>,
    pub keeper_id: Option<Option<Uid>>,
    pub state: Option<HomeState>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, home: &Handle<HomeRow>, change: &HomeAmendment) -> AppResult<()> {
    diesel::update(member_homes::table.find(home.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The newest evidence of these homes.
pub fn possessions_of(c: &mut DbConn, homes: &[Uid]) -> AppResult<Vec<PossessionRow>> {
    Ok(home_possessions::table
        .filter(home_possessions::home_id.eq_any(homes.to_vec()))
        .select(PossessionRow::as_select())
        .load(c)?)
}

/// Puts evidence in the place of the one before, of which the day stays and what was found. The home's lock is held.
pub fn put_possession(
    c: &mut DbConn,
    home: &Handle<HomeRow>,
    row: &PossessionRow,
) -> AppResult<()> {
    diesel::delete(
        home_possessions::table.filter(
            home_possessions::home_id
                .eq(home.id)
                .and(home_possessions::kind.eq(&row.kind)),
        ),
    )
    .execute(c)?;
    diesel::insert_into(home_possessions::table)
        .values(row)
        .execute(c)?;
    checked(c, row)
}

/// Notes what was found on a day, in the place of what was found on that day before.
pub fn checked(c: &mut DbConn, row: &PossessionRow) -> AppResult<()> {
    let same = possession_checks::table
        .filter(possession_checks::home_id.eq(row.home_id))
        .filter(possession_checks::kind.eq(&row.kind))
        .filter(possession_checks::checked_on.eq(row.checked_on));
    diesel::delete(same).execute(c)?;
    let found = (
        possession_checks::home_id.eq(row.home_id),
        possession_checks::kind.eq(&row.kind),
        possession_checks::checked_on.eq(row.checked_on),
        possession_checks::present.eq(row.present),
    );
    diesel::insert_into(possession_checks::table)
        .values(found)
        .execute(c)?;
    Ok(())
}
