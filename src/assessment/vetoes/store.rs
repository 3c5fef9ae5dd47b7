//! All SQL about vetoes.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::assessment_vetoes;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &VetoRow,
) -> AppResult<()> {
    diesel::insert_into(assessment_vetoes::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether one stands: what was lifted is none.
pub fn exists(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let stands = assessment_vetoes::outcome
        .is_null()
        .or(assessment_vetoes::outcome.eq(VetoOutcome::Upheld));
    let vetoed = assessment_vetoes::table
        .filter(assessment_vetoes::association_id.eq(association))
        .filter(assessment_vetoes::year.eq(year))
        .filter(stands);
    Ok(diesel::select(diesel::dsl::exists(vetoed)).get_result(c)?)
}

/// The veto, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<VetoRow>> {
    let row = assessment_vetoes::table
        .find(id)
        .select(VetoRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<VetoRow>> {
    let row = first_locked!(
        c,
        assessment_vetoes::table
            .find(id)
            .select(VetoRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// A page of the vetoes in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    year: Option<i64>,
    page: Page,
) -> AppResult<Vec<VetoRow>> {
    let mine = assessment_vetoes::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = assessment_vetoes::table
        .filter(mine.or(in_scope!(assessment_vetoes, scope)))
        .select(VetoRow::as_select())
        .order(assessment_vetoes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(year) = year {
        query = query.filter(assessment_vetoes::year.eq(year));
    }
    if let Some(after) = page.after {
        query = query.filter(assessment_vetoes::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Of these associations' year: appeals that are not decided.
pub fn open_appeals(c: &mut DbConn, associations: Vec<Uid>, year: i64) -> AppResult<i64> {
    Ok(assessment_vetoes::table
        .filter(assessment_vetoes::association_id.eq_any(associations))
        .filter(assessment_vetoes::year.eq(year))
        .filter(assessment_vetoes::state.eq(VetoState::Appealed))
        .count()
        .get_result(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = assessment_vetoes)]
pub struct Step {
    pub version: i64,
    pub state: VetoState,
    pub appealed_by: Option<Uid>,
    pub appealed_on: Option<Day>,
    pub appeal: Option<Vec<u8>>,
    pub settled_by: Option<Uid>,
    pub settled_on: Option<Day>,
    pub outcome: Option<VetoOutcome>,
    pub answer: Option<Vec<u8>>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, veto: &Handle<VetoRow>, step: &Step) -> AppResult<()> {
    diesel::update(assessment_vetoes::table.find(veto.id))
        .set(step)
        .execute(c)?;
    Ok(())
}
