//! All SQL about programmes.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::care_programmes;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle, which is locked, is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &ProgrammeRow,
) -> AppResult<()> {
    let same = care_programmes::table
        .filter(care_programmes::association_id.eq(row.association_id))
        .filter(care_programmes::year.eq(row.year))
        .filter(care_programmes::kind.eq(row.kind));
    let active: bool = diesel::select(diesel::dsl::exists(same)).get_result(c)?;
    if active {
        return Err(AppError::of(Code::CareProgrammeExists));
    }
    diesel::insert_into(care_programmes::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The programme, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ProgrammeRow>> {
    let row = care_programmes::table
        .find(id)
        .select(ProgrammeRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ProgrammeRow>> {
    let row = first_locked!(
        c,
        care_programmes::table
            .find(id)
            .select(ProgrammeRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// The kind of a programme, whoever may see it.
pub fn kind(c: &mut DbConn, id: Uid) -> AppResult<CareProgrammeKind> {
    Ok(care_programmes::table
        .find(id)
        .select(care_programmes::kind)
        .first(c)?)
}

/// Which programmes a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub kind: Option<CareProgrammeKind>,
    pub year: Option<i64>,
}

/// A page of the programmes of associations in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ProgrammeRow>> {
    let mine = care_programmes::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = care_programmes::table
        .filter(mine.or(in_scope!(care_programmes, scope)))
        .select(ProgrammeRow::as_select())
        .order(care_programmes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(care_programmes::association_id.eq(association));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(care_programmes::kind.eq(kind));
    }
    if let Some(year) = filter.year {
        query = query.filter(care_programmes::year.eq(year));
    }
    if let Some(after) = page.after {
        query = query.filter(care_programmes::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn end(c: &mut DbConn, programme: &Handle<ProgrammeRow>, on: Day, at: Micros) -> AppResult<()> {
    diesel::update(care_programmes::table.find(programme.id))
        .set((
            care_programmes::ended_on.eq(on),
            care_programmes::version.eq(programme.version + 1),
            care_programmes::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
