//! All SQL about projects and lessons.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{care_projects, care_sessions};
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The programme's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _programme: &Handle<ProgrammeRow>,
    row: &ProjectRow,
) -> AppResult<()> {
    diesel::insert_into(care_projects::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The project, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ProjectRow>> {
    let row = care_projects::table
        .find(id)
        .select(ProjectRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ProjectRow>> {
    let row = first_locked!(
        c,
        care_projects::table
            .find(id)
            .select(ProjectRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which projects a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub programme: Option<Uid>,
}

/// A page of the projects of associations in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ProjectRow>> {
    let mine = care_projects::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = care_projects::table
        .filter(mine.or(in_scope!(care_projects, scope)))
        .select(ProjectRow::as_select())
        .order(care_projects::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(care_projects::association_id.eq(association));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(care_projects::programme_id.eq(programme));
    }
    if let Some(after) = page.after {
        query = query.filter(care_projects::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = care_projects)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub plan: Option<Option<Vec<u8>>>,
    pub budget: Option<Fen>,
    pub begins_on: Option<Day>,
    pub ends_on: Option<Day>,
    pub closed_on: Option<Option<Day>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, project: &Handle<ProjectRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(care_projects::table.find(project.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// The project's handle is the right to it.
pub fn insert_session(
    c: &mut DbConn,
    _project: &Handle<ProjectRow>,
    row: &SessionRow,
) -> AppResult<()> {
    diesel::insert_into(care_sessions::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The lesson, if the caller may do this to it; for reading.
pub fn session(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SessionRow>> {
    let row = care_sessions::table
        .find(id)
        .select(SessionRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked_session(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SessionRow>> {
    let row = first_locked!(
        c,
        care_sessions::table
            .find(id)
            .select(SessionRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which lessons a list holds.
#[derive(Debug, Clone, Copy)]
pub struct SessionFilter {
    pub project: Option<Uid>,
    pub state: CareSessionState,
    /// The first and the last day.
    pub held: Option<(Day, Day)>,
}

/// A page of the lessons of associations in the caller's areas, newest first.
pub fn list_sessions(
    c: &mut DbConn,
    scope: &Scope,
    filter: SessionFilter,
    page: Page,
) -> AppResult<Vec<SessionRow>> {
    let mine = care_sessions::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = care_sessions::table
        .filter(mine.or(in_scope!(care_sessions, scope)))
        .select(SessionRow::as_select())
        .order(care_sessions::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        CareSessionState::Recorded => query.filter(care_sessions::cancelled_at.is_null()),
        CareSessionState::Cancelled => query.filter(care_sessions::cancelled_at.is_not_null()),
    };
    if let Some(project) = filter.project {
        query = query.filter(care_sessions::project_id.eq(project));
    }
    if let Some((first, last)) = filter.held {
        query = query
            .filter(care_sessions::held_on.ge(first))
            .filter(care_sessions::held_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(care_sessions::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn cancel_session(c: &mut DbConn, session: &Handle<SessionRow>, at: Micros) -> AppResult<()> {
    diesel::update(care_sessions::table.find(session.id))
        .set((
            care_sessions::cancelled_at.eq(at.0),
            care_sessions::version.eq(session.version + 1),
            care_sessions::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
