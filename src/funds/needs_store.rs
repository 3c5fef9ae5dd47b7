//! All SQL about what villages ask for.

use diesel::prelude::*;

use super::needs::NeedRow;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::village_needs;
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &NeedRow,
) -> AppResult<()> {
    diesel::insert_into(village_needs::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The need, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<NeedRow>> {
    let row = village_needs::table
        .find(id)
        .select(NeedRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<NeedRow>> {
    let row = first_locked!(
        c,
        village_needs::table.find(id).select(NeedRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which needs a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    /// Answered or not yet.
    pub answered: Option<bool>,
    /// The first and the last day on which it was asked.
    pub asked: Option<(Day, Day)>,
}

/// A page of what villages of the caller's areas asked for, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<NeedRow>> {
    let mine = village_needs::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = village_needs::table
        .filter(mine.or(in_scope!(village_needs, scope)))
        .select(NeedRow::as_select())
        .order(village_needs::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(village_needs::association_id.eq(association));
    }
    query = match filter.answered {
        None => query,
        Some(true) => query.filter(village_needs::met.is_not_null()),
        Some(false) => query.filter(village_needs::met.is_null()),
    };
    if let Some((first, last)) = filter.asked {
        query = query
            .filter(village_needs::asked_on.ge(first))
            .filter(village_needs::asked_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(village_needs::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn answer(
    c: &mut DbConn,
    need: &Handle<NeedRow>,
    met: Fen,
    on: Day,
    at: Micros,
) -> AppResult<()> {
    diesel::update(village_needs::table.find(need.id))
        .set((
            village_needs::met.eq(met),
            village_needs::answered_on.eq(on),
            village_needs::version.eq(need.version + 1),
            village_needs::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
