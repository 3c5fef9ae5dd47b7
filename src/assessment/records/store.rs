//! All SQL about what is set for a year. The area was found with the caller's right to it.

use diesel::prelude::*;

use crate::assessment::reckon_store::OF_AN_AREA;
use crate::assessment::scheme::document::Where;
use crate::associations::model::AssociationRow;
use crate::db::schema::{area_profiles, assessment_plans, associations, responsibility_targets};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = area_profiles, treat_none_as_default_value = false)]
pub struct ProfileRow {
    pub area_id: Uid,
    pub year: i64,
    pub population: Option<i64>,
    pub foundation: Option<Where>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

pub fn profile(c: &mut DbConn, area: Uid, year: i64) -> AppResult<Option<ProfileRow>> {
    Ok(area_profiles::table
        .find((area, year))
        .select(ProfileRow::as_select())
        .first(c)
        .optional()?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = area_profiles)]
pub struct ProfileChange {
    pub population: Option<Option<i64>>,
    pub foundation: Option<Option<Where>>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

/// Sets what is given, and leaves the rest to whoever set it. Of what nothing is known any more no row is left.
pub fn set_profile(c: &mut DbConn, area: Uid, year: i64, change: &ProfileChange) -> AppResult<()> {
    let before: Option<ProfileRow> = crate::first_locked!(
        c,
        area_profiles::table
            .find((area, year))
            .select(ProfileRow::as_select())
    )
    .optional()?;
    let (population, foundation) = before.map_or((None, None), |b| (b.population, b.foundation));
    let row = ProfileRow {
        area_id: area,
        year,
        population: change.population.unwrap_or(population),
        foundation: change.foundation.unwrap_or(foundation),
        updated_by: change.updated_by,
        updated_at: change.updated_at,
    };
    if row.population.is_none() && row.foundation.is_none() {
        diesel::delete(area_profiles::table.find((area, year))).execute(c)?;
        return Ok(());
    }
    each_backend!(c, |c| diesel::insert_into(area_profiles::table)
        .values(&row)
        .on_conflict((area_profiles::area_id, area_profiles::year))
        .do_update()
        .set(change)
        .execute(c))?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = responsibility_targets, treat_none_as_default_value = false)]
pub struct TargetRow {
    pub id: Uid,
    pub association_id: Uid,
    pub area_id: Uid,
    pub year: i64,
    pub total_points: i64,
    pub association_points: i64,
    pub agreed_on: Day,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

pub fn target(c: &mut DbConn, area: Uid, year: i64) -> AppResult<Option<TargetRow>> {
    Ok(responsibility_targets::table
        .filter(responsibility_targets::area_id.eq(area))
        .filter(responsibility_targets::year.eq(year))
        .select(TargetRow::as_select())
        .order(responsibility_targets::id.desc())
        .first(c)
        .optional()?)
}

pub fn set_target(c: &mut DbConn, row: &TargetRow) -> AppResult<()> {
    use responsibility_targets as t;
    each_backend!(c, |c| diesel::insert_into(t::table)
        .values(row)
        .on_conflict((t::association_id, t::year))
        .do_update()
        .set((
            t::total_points.eq(row.total_points),
            t::association_points.eq(row.association_points),
            t::agreed_on.eq(row.agreed_on),
            t::updated_by.eq(row.updated_by),
            t::updated_at.eq(row.updated_at.0),
        ))
        .execute(c))?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_plans, treat_none_as_default_value = false)]
pub struct PlanRow {
    pub association_id: Uid,
    pub year: i64,
    pub source: String,
    pub planned: i64,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

/// The plan of an association, in the order of its sources.
pub fn plan(c: &mut DbConn, association: Uid, year: i64) -> AppResult<Vec<PlanRow>> {
    Ok(assessment_plans::table
        .filter(assessment_plans::association_id.eq(association))
        .filter(assessment_plans::year.eq(year))
        .select(PlanRow::as_select())
        .order(assessment_plans::source)
        .limit(100)
        .load(c)?)
}

/// The plan in the place of the one before.
pub fn set_plan(c: &mut DbConn, association: Uid, year: i64, rows: &[PlanRow]) -> AppResult<()> {
    let before = assessment_plans::table
        .filter(assessment_plans::association_id.eq(association))
        .filter(assessment_plans::year.eq(year));
    diesel::delete(before).execute(c)?;
    each_backend!(c, |c| diesel::insert_into(assessment_plans::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// The associations of these areas that are no site's, whenever they were: few, one of each level at a time.
pub fn associations_of(c: &mut DbConn, areas: Vec<Uid>) -> AppResult<Vec<Uid>> {
    Ok(associations::table
        .filter(associations::area_id.eq_any(areas))
        .filter(associations::kind.eq_any(OF_AN_AREA))
        .select(associations::id)
        .order(associations::id)
        .load(c)?)
}

/// The living association of an area, locked: what is set for it is set one by one.
pub fn association_of(c: &mut DbConn, area: Uid) -> AppResult<Option<AssociationRow>> {
    Ok(crate::first_locked!(
        c,
        associations::table
            .filter(associations::area_id.eq(area))
            .filter(associations::kind.eq_any(OF_AN_AREA))
            .filter(associations::dissolved_on.is_null())
            .select(AssociationRow::as_select())
    )
    .optional()?)
}
