//! All SQL about subsidies.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::associations::posts::model::PostRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{posts, retired_subsidies};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The post's handle is the right to it.
pub fn insert(c: &mut DbConn, _post: &Handle<PostRow>, row: &SubsidyRow) -> AppResult<()> {
    diesel::insert_into(retired_subsidies::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The subsidy, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SubsidyRow>> {
    let row = retired_subsidies::table
        .find(id)
        .select(SubsidyRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<SubsidyRow>> {
    let row = first_locked!(
        c,
        retired_subsidies::table
            .find(id)
            .select(SubsidyRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// The newest subsidy after a term.
pub fn newest(c: &mut DbConn, post: Uid) -> AppResult<Option<SubsidyRow>> {
    Ok(retired_subsidies::table
        .filter(retired_subsidies::post_id.eq(post))
        .select(SubsidyRow::as_select())
        .order(retired_subsidies::from_on.desc())
        .first(c)
        .optional()?)
}

/// What was and is paid after these terms.
pub fn of_posts(c: &mut DbConn, posts: Vec<Uid>) -> AppResult<Vec<SubsidyRow>> {
    Ok(retired_subsidies::table
        .filter(retired_subsidies::post_id.eq_any(posts))
        .select(SubsidyRow::as_select())
        .order(retired_subsidies::from_on)
        .limit(1000)
        .load(c)?)
}

/// Whether something is paid to somebody without an end.
pub fn runs_for(c: &mut DbConn, person: Uid) -> AppResult<bool> {
    let running = retired_subsidies::table
        .inner_join(posts::table.on(posts::id.eq(retired_subsidies::post_id)))
        .filter(posts::person_id.eq(person))
        .filter(retired_subsidies::until_on.is_null());
    Ok(diesel::select(exists(running)).get_result(c)?)
}

/// Which subsidies a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    /// Those that are paid on this day.
    pub on: Option<Day>,
}

/// A page of the subsidies in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<SubsidyRow>> {
    let mine = retired_subsidies::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = retired_subsidies::table
        .filter(mine.or(in_scope!(retired_subsidies, scope)))
        .select(SubsidyRow::as_select())
        .order(retired_subsidies::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(retired_subsidies::association_id.eq(association));
    }
    if let Some(on) = filter.on {
        let until = retired_subsidies::until_on.is_null();
        query = query
            .filter(retired_subsidies::from_on.le(on))
            .filter(until.or(retired_subsidies::until_on.ge(on)));
    }
    if let Some(after) = page.after {
        query = query.filter(retired_subsidies::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn end(
    c: &mut DbConn,
    subsidy: &Handle<SubsidyRow>,
    until: Day,
    because: Option<SubsidyEnd>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(retired_subsidies::table.find(subsidy.id))
        .set((
            retired_subsidies::until_on.eq(until),
            retired_subsidies::ended_because.eq(because),
            retired_subsidies::version.eq(subsidy.version + 1),
            retired_subsidies::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
