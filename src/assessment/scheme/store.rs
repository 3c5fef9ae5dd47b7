//! All SQL about schemes. They are the whole installation's: who may write them is a matter of the role alone.

use diesel::prelude::*;

use super::document::SchemeDocument;
use super::model::{SchemeRow, SchemeState};
use crate::areas::model::AreaLevel;
use crate::db::schema::{areas, assessment_schemes, assessment_snapshots};
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::first_locked;
use crate::http::page::Page;

pub fn insert(c: &mut DbConn, row: &SchemeRow) -> AppResult<()> {
    diesel::insert_into(assessment_schemes::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<SchemeRow>> {
    Ok(assessment_schemes::table
        .find(id)
        .select(SchemeRow::as_select())
        .first(c)
        .optional()?)
}

pub fn locked(c: &mut DbConn, id: Uid) -> AppResult<Option<SchemeRow>> {
    Ok(first_locked!(
        c,
        assessment_schemes::table
            .find(id)
            .select(SchemeRow::as_select())
    )
    .optional()?)
}

/// The number of a year's last scheme; 0 where there is none.
pub fn last_number(c: &mut DbConn, year: i64) -> AppResult<i64> {
    let last: Option<i64> = assessment_schemes::table
        .filter(assessment_schemes::year.eq(year))
        .select(diesel::dsl::max(assessment_schemes::number))
        .first(c)?;
    Ok(last.unwrap_or(0))
}

/// The one that holds for a year, if one was put in force.
pub fn in_force(c: &mut DbConn, year: i64) -> AppResult<Option<SchemeRow>> {
    Ok(assessment_schemes::table
        .filter(assessment_schemes::year.eq(year))
        .filter(assessment_schemes::state.eq(SchemeState::InForce))
        .select(SchemeRow::as_select())
        .first(c)
        .optional()?)
}

/// A page of schemes, newest first.
pub fn list(c: &mut DbConn, year: Option<i64>, page: Page) -> AppResult<Vec<SchemeRow>> {
    let mut query = assessment_schemes::table
        .select(SchemeRow::as_select())
        .order(assessment_schemes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(year) = year {
        query = query.filter(assessment_schemes::year.eq(year));
    }
    if let Some(after) = page.after {
        query = query.filter(assessment_schemes::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn rewrite(
    c: &mut DbConn,
    row: &SchemeRow,
    document: SchemeDocument,
    at: Micros,
) -> AppResult<()> {
    diesel::update(assessment_schemes::table.find(row.id))
        .set((
            assessment_schemes::content.eq(Json(document)),
            assessment_schemes::version.eq(row.version + 1),
            assessment_schemes::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// The one in force is replaced, and this one holds.
pub fn put_in_force(c: &mut DbConn, row: &SchemeRow, at: Micros) -> AppResult<()> {
    let before = assessment_schemes::table
        .filter(assessment_schemes::year.eq(row.year))
        .filter(assessment_schemes::state.eq(SchemeState::InForce));
    diesel::update(before)
        .set((
            assessment_schemes::state.eq(SchemeState::Replaced),
            assessment_schemes::version.eq(assessment_schemes::version + 1),
            assessment_schemes::updated_at.eq(at.0),
        ))
        .execute(c)?;
    diesel::update(assessment_schemes::table.find(row.id))
        .set((
            assessment_schemes::state.eq(SchemeState::InForce),
            assessment_schemes::in_force_since.eq(at.0),
            assessment_schemes::version.eq(row.version + 1),
            assessment_schemes::updated_at.eq(at.0),
        ))
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether a year was frozen of any whole city, or of a province that is one.
pub fn is_frozen(c: &mut DbConn, year: i64) -> AppResult<bool> {
    let frozen = assessment_snapshots::table
        .inner_join(areas::table.on(areas::id.eq(assessment_snapshots::area_id)))
        .filter(assessment_snapshots::year.eq(year))
        .filter(areas::level.eq_any([AreaLevel::Province, AreaLevel::City]));
    Ok(diesel::select(diesel::dsl::exists(frozen)).get_result(c)?)
}
