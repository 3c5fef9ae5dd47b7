//! All SQL about what associations did.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::association_works;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &WorkRow,
) -> AppResult<()> {
    diesel::insert_into(association_works::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The record, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<WorkRow>> {
    let row = association_works::table
        .find(id)
        .select(WorkRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<WorkRow>> {
    let row = first_locked!(
        c,
        association_works::table
            .find(id)
            .select(WorkRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which records a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub association: Option<Uid>,
    pub kind: Option<WorkKind>,
    pub state: WorkState,
    /// The first and the last day.
    pub held: Option<(Day, Day)>,
}

/// A page of what the associations of the caller's areas did, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<WorkRow>> {
    let mine = association_works::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = association_works::table
        .filter(mine.or(in_scope!(association_works, scope)))
        .select(WorkRow::as_select())
        .order(association_works::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        WorkState::Recorded => query.filter(association_works::cancelled_at.is_null()),
        WorkState::Cancelled => query.filter(association_works::cancelled_at.is_not_null()),
    };
    if let Some(association) = filter.association {
        query = query.filter(association_works::association_id.eq(association));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(association_works::kind.eq(kind));
    }
    if let Some((first, last)) = filter.held {
        query = query
            .filter(association_works::held_on.ge(first))
            .filter(association_works::held_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(association_works::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = association_works)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub held_on: Option<Day>,
    pub participants: Option<Option<i64>>,
    pub hours: Option<Option<i64>>,
    pub groups_commended: Option<Option<i64>>,
    pub people_commended: Option<Option<i64>>,
    pub channel: Option<Option<PublicityChannel>>,
    pub outlet: Option<Option<String>>,
    pub link: Option<Option<String>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, work: &Handle<WorkRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(association_works::table.find(work.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn cancel(
    c: &mut DbConn,
    work: &Handle<WorkRow>,
    because: WorkCancelReason,
    at: Micros,
) -> AppResult<()> {
    diesel::update(association_works::table.find(work.id))
        .set((
            association_works::cancelled_because.eq(because),
            association_works::cancelled_at.eq(at.0),
            association_works::version.eq(work.version + 1),
            association_works::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
