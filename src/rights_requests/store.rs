//! All SQL about rights requests. Those of somebody who is kept out of use or erased are in no list; those of a
//! record that was merged are where they were asked, as long as who stands for it is in use.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{persons, rights_requests};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::people::model::{PersonRow, PersonState};
use crate::privacy::subject;
use crate::{first_locked, in_scope_or_own};

pub fn insert(c: &mut DbConn, _person: &Handle<PersonRow>, row: &RightsRow) -> AppResult<()> {
    diesel::insert_into(rights_requests::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether the person it is about, or who stands for them, may be worked with.
fn in_use(c: &mut DbConn, row: &RightsRow) -> AppResult<bool> {
    let now = subject::now(c, row.person_id)?;
    Ok(now.is_some_and(|p| p.state == PersonState::Active))
}

/// The request, if the caller may do this to it.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<RightsRow>> {
    let row = rights_requests::table
        .find(id)
        .select(RightsRow::as_select())
        .first(c)
        .optional()?;
    let used = match &row {
        Some(row) => in_use(c, row)?,
        None => false,
    };
    who.authorise(action, row.filter(|_| used))
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<RightsRow>> {
    let row: Option<RightsRow> = first_locked!(
        c,
        rights_requests::table
            .find(id)
            .select(RightsRow::as_select())
    )
    .optional()?;
    let used = match &row {
        Some(row) => in_use(c, row)?,
        None => false,
    };
    who.authorise(action, row.filter(|_| used))
}

/// Which requests a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub state: Option<RightsState>,
    pub topic: Option<RightsTopic>,
    /// Those that are open and due before this day.
    pub due_before: Option<Day>,
}

/// A page of requests the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<RightsRow>> {
    let (kept, last) = diesel::alias!(persons as kept, persons as last);
    let last_in_use = last
        .filter(
            last.field(persons::id)
                .nullable()
                .eq(kept.field(persons::merged_into)),
        )
        .filter(last.field(persons::state).eq(PersonState::Active));
    let kept_in_use = kept
        .filter(kept.field(persons::id).nullable().eq(persons::merged_into))
        .filter(
            kept.field(persons::state)
                .eq(PersonState::Active)
                .or(exists(last_in_use)),
        );
    let in_use = persons::table
        .filter(persons::id.eq(rights_requests::person_id))
        .filter(
            persons::state
                .eq(PersonState::Active)
                .or(exists(kept_in_use)),
        );
    let mut query = rights_requests::table
        .filter(in_scope_or_own!(rights_requests, scope))
        .filter(exists(in_use))
        .select(RightsRow::as_select())
        .order(rights_requests::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(rights_requests::state.eq(state));
    }
    if let Some(topic) = filter.topic {
        query = query.filter(rights_requests::topic.eq(topic));
    }
    if let Some(before) = filter.due_before {
        query = query
            .filter(rights_requests::due_on.lt(before))
            .filter(rights_requests::state.eq_any([RightsState::Asked, RightsState::Referred]));
    }
    if let Some(after) = page.after {
        query = query.filter(rights_requests::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The newest requests of somebody, under any of their ids.
pub fn of_person(c: &mut DbConn, known_as: &[Uid], most: i64) -> AppResult<Vec<RightsRow>> {
    Ok(rights_requests::table
        .filter(rights_requests::person_id.eq_any(known_as.to_vec()))
        .select(RightsRow::as_select())
        .order(rights_requests::id.desc())
        .limit(most)
        .load(c)?)
}

/// What a step changes; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = rights_requests)]
pub struct Step {
    pub version: i64,
    pub state: RightsState,
    pub referred_to: Option<RightsBody>,
    pub referred_office: Option<Option<Vec<u8>>>,
    pub referred_on: Option<Day>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, request: &Handle<RightsRow>, step: &Step) -> AppResult<()> {
    diesel::update(rights_requests::table.find(request.id))
        .set(step)
        .execute(c)?;
    Ok(())
}
