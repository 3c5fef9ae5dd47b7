//! All SQL about studies and action items.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::associations::posts::model::PostKind;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{action_items, studies};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &StudyRow,
) -> AppResult<()> {
    diesel::insert_into(studies::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The study, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<StudyRow>> {
    let row = studies::table
        .find(id)
        .select(StudyRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<StudyRow>> {
    let row = first_locked!(c, studies::table.find(id).select(StudyRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// Which studies a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub kind: Option<StudyKind>,
    /// The first and the last day.
    pub held: Option<(Day, Day)>,
}

/// A page of the studies of the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<StudyRow>> {
    let mine = studies::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = studies::table
        .filter(mine.or(in_scope!(studies, scope)))
        .select(StudyRow::as_select())
        .order(studies::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(studies::association_id.eq(association));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(studies::kind.eq(kind));
    }
    if let Some((first, last)) = filter.held {
        query = query
            .filter(studies::held_on.ge(first))
            .filter(studies::held_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(studies::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = studies)]
pub struct Amendment {
    pub version: i64,
    pub led_by: Option<StudyLead>,
    pub topic: Option<StudyTopic>,
    pub held_on: Option<Day>,
    pub findings: Option<Option<Vec<u8>>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, study: &Handle<StudyRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(studies::table.find(study.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The study's handle is the right to it.
pub fn insert_item(c: &mut DbConn, _study: &Handle<StudyRow>, row: &ItemRow) -> AppResult<()> {
    diesel::insert_into(action_items::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The problems that these studies raised.
pub fn items_of(c: &mut DbConn, studies: &[Uid]) -> AppResult<Vec<ItemRow>> {
    Ok(action_items::table
        .filter(action_items::study_id.eq_any(studies.to_vec()))
        .select(ItemRow::as_select())
        .order(action_items::id)
        .load(c)?)
}

/// The item, if the caller may do this to it; for reading.
pub fn item(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ItemRow>> {
    let row = action_items::table
        .find(id)
        .select(ItemRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked_item(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ItemRow>> {
    let row =
        first_locked!(c, action_items::table.find(id).select(ItemRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// Which action items a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct ItemFilter {
    pub association: Option<Uid>,
    pub state: Option<ItemState>,
    /// Those that are open and due before this day.
    pub due_before: Option<Day>,
}

/// A page of action items of the caller's areas, newest first.
pub fn list_items(
    c: &mut DbConn,
    scope: &Scope,
    filter: ItemFilter,
    page: Page,
) -> AppResult<Vec<ItemRow>> {
    let mine = action_items::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = action_items::table
        .filter(mine.or(in_scope!(action_items, scope)))
        .select(ItemRow::as_select())
        .order(action_items::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(action_items::association_id.eq(association));
    }
    if let Some(state) = filter.state {
        query = query.filter(action_items::state.eq(state));
    }
    if let Some(before) = filter.due_before {
        query = query
            .filter(action_items::due_on.lt(before))
            .filter(action_items::state.eq(ItemState::Open));
    }
    if let Some(after) = page.after {
        query = query.filter(action_items::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = action_items)]
pub struct ItemChange {
    pub version: i64,
    pub owner_post: Option<PostKind>,
    pub due_on: Option<Day>,
    pub state: Option<ItemState>,
    pub settled_on: Option<Day>,
    pub reason: Option<Option<ItemReason>>,
    pub outcome: Option<Option<Vec<u8>>>,
    pub updated_at: Micros,
}

pub fn change_item(c: &mut DbConn, item: &Handle<ItemRow>, change: &ItemChange) -> AppResult<()> {
    diesel::update(action_items::table.find(item.id))
        .set(change)
        .execute(c)?;
    Ok(())
}
