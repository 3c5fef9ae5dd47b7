//! All SQL about requests.

use diesel::prelude::*;

use super::requests_model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::privacy_requests;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::people::model::PersonRow;
use crate::{first_locked, in_scope};

pub fn insert(c: &mut DbConn, _person: &Handle<PersonRow>, row: &RequestRow) -> AppResult<()> {
    diesel::insert_into(privacy_requests::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The request, if the caller may do this to it.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<RequestRow>> {
    let row = privacy_requests::table
        .find(id)
        .select(RequestRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<RequestRow>> {
    let row = first_locked!(
        c,
        privacy_requests::table
            .find(id)
            .select(RequestRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which requests a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub state: Option<RequestState>,
    pub kind: Option<RequestKind>,
    /// Those that are open and due before this day.
    pub due_before: Option<Day>,
}

/// A page of requests of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<RequestRow>> {
    let mut query = privacy_requests::table
        .filter(in_scope!(privacy_requests, scope))
        .select(RequestRow::as_select())
        .order(privacy_requests::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(privacy_requests::state.eq(state));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(privacy_requests::kind.eq(kind));
    }
    if let Some(before) = filter.due_before {
        query = query
            .filter(privacy_requests::due_on.lt(before))
            .filter(privacy_requests::state.eq_any([RequestState::Asked, RequestState::Accepted]));
    }
    if let Some(after) = page.after {
        query = query.filter(privacy_requests::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The newest requests about somebody, under any of their ids.
pub fn of_person(c: &mut DbConn, known_as: &[Uid], most: i64) -> AppResult<Vec<RequestRow>> {
    Ok(privacy_requests::table
        .filter(privacy_requests::person_id.eq_any(known_as.to_vec()))
        .select(RequestRow::as_select())
        .order(privacy_requests::id.desc())
        .limit(most)
        .load(c)?)
}

/// Those about somebody that wait for an answer, under any of their ids.
pub fn open_of_person(c: &mut DbConn, known_as: &[Uid]) -> AppResult<Vec<RequestRow>> {
    Ok(privacy_requests::table
        .filter(privacy_requests::person_id.eq_any(known_as.to_vec()))
        .filter(privacy_requests::state.eq_any([RequestState::Asked, RequestState::Accepted]))
        .select(RequestRow::as_select())
        .load(c)?)
}

/// Somebody's requests to be erased that wait for an answer: their erasure is the answer, whoever asked for it.
pub fn erasures_of(c: &mut DbConn, person: Uid) -> AppResult<Vec<RequestRow>> {
    let mut open = open_of_person(c, &[person])?;
    open.retain(|request| request.kind == RequestKind::Erasure);
    Ok(open)
}

/// What a step changes; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = privacy_requests)]
pub struct Step {
    pub version: i64,
    pub state: RequestState,
    pub due_on: Option<Day>,
    pub due_provisional: Option<bool>,
    pub refusal: Option<RefusalReason>,
    pub refusal_note: Option<Vec<u8>>,
    pub accepted_at: Option<Micros>,
    pub accepted_by: Option<Uid>,
    pub answered_at: Option<Micros>,
    pub answered_by: Option<Uid>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, request: &Handle<RequestRow>, step: &Step) -> AppResult<()> {
    diesel::update(privacy_requests::table.find(request.id))
        .set(step)
        .execute(c)?;
    Ok(())
}

/// An erasure was carried out by the service itself.
pub fn carried_out(c: &mut DbConn, request: &RequestRow, at: Micros) -> AppResult<()> {
    diesel::update(privacy_requests::table.find(request.id))
        .set((
            privacy_requests::state.eq(RequestState::Done),
            privacy_requests::answered_at.eq(at.0),
            privacy_requests::version.eq(privacy_requests::version + 1),
            privacy_requests::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
