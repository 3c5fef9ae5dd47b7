//! All SQL about objections.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::db::schema::objections;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;

/// The selection's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _selection: &Handle<SelectionRow>,
    row: &ObjectionRow,
) -> AppResult<()> {
    diesel::insert_into(objections::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<ObjectionRow>> {
    Ok(objections::table
        .find(id)
        .select(ObjectionRow::as_select())
        .first(c)
        .optional()?)
}

/// Whether an objection to a selection waits for its answer.
pub fn any_open(c: &mut DbConn, selection: Uid) -> AppResult<bool> {
    let open = objections::table
        .filter(objections::selection_id.eq(selection))
        .filter(objections::state.eq(ObjectionState::Open));
    Ok(diesel::select(exists(open)).get_result(c)?)
}

/// A page of a selection's objections, newest first.
pub fn list(
    c: &mut DbConn,
    selection: &Handle<SelectionRow>,
    state: Option<ObjectionState>,
    page: Page,
) -> AppResult<Vec<ObjectionRow>> {
    let mut query = objections::table
        .filter(objections::selection_id.eq(selection.id))
        .select(ObjectionRow::as_select())
        .order(objections::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(objections::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(objections::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What an answer alters.
#[derive(AsChangeset)]
#[diesel(table_name = objections)]
pub struct Answered {
    pub version: i64,
    pub state: ObjectionState,
    pub answered_on: Day,
    pub outcome: ObjectionOutcome,
    pub answer: Vec<u8>,
    pub updated_at: Micros,
}

pub fn answer(
    c: &mut DbConn,
    objection: &Handle<ObjectionRow>,
    answered: &Answered,
) -> AppResult<()> {
    diesel::update(objections::table.find(objection.id))
        .set(answered)
        .execute(c)?;
    Ok(())
}
