//! All SQL of what figures are judged by: areas, associations, plans, and what is known of areas.

use diesel::prelude::*;

use super::reckon::Root;
use super::scheme::document::Where;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::associations::model::AssociationKind;
use crate::db::schema::{area_profiles, areas, assessment_plans, associations};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// The kinds of associations that are of an area.
pub const OF_AN_AREA: [AssociationKind; 4] = [
    AssociationKind::Municipal,
    AssociationKind::County,
    AssociationKind::Township,
    AssociationKind::Village,
];

type OfAreas = Box<
    dyn BoxableExpression<
            areas::table,
            crate::db::MultiBackend,
            SqlType = diesel::sql_types::Nullable<diesel::sql_types::Bool>,
        >,
>;

fn within(root: Root) -> OfAreas {
    match root.level {
        AreaLevel::Province => Box::new(areas::province.nullable().eq(root.id)),
        AreaLevel::City => Box::new(areas::city.eq(root.id)),
        AreaLevel::County => Box::new(areas::county.eq(root.id)),
        AreaLevel::Town => Box::new(areas::town.eq(root.id)),
        AreaLevel::Village => Box::new(areas::village.eq(root.id)),
    }
}

/// An area and everything in it, that which is no more too.
pub fn areas_within(c: &mut DbConn, root: Root) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(within(root))
        .select(AreaRow::as_select())
        .load(c)?)
}

/// An area's own association.
#[derive(Debug, Clone)]
pub struct Own {
    pub id: Uid,
    pub area: Uid,
    pub title: String,
}

/// The associations of these areas that were on a day.
pub fn associations_of(c: &mut DbConn, there: Vec<Uid>, on: Day) -> AppResult<Vec<Own>> {
    let rows: Vec<(Uid, Uid, String)> = associations::table
        .filter(associations::area_id.eq_any(there))
        .filter(associations::kind.eq_any(OF_AN_AREA))
        .filter(associations::founded_on.le(on))
        .filter(
            associations::dissolved_on
                .is_null()
                .or(associations::dissolved_on.gt(on)),
        )
        .select((associations::id, associations::area_id, associations::title))
        .load(c)?;
    let own = |(id, area, title)| Own { id, area, title };
    Ok(rows.into_iter().map(own).collect())
}

/// Of these associations: how much of a source is planned.
pub fn plans(c: &mut DbConn, of: Vec<Uid>, year: i64) -> AppResult<Vec<(Uid, String, i64)>> {
    Ok(assessment_plans::table
        .filter(assessment_plans::association_id.eq_any(of))
        .filter(assessment_plans::year.eq(year))
        .select((
            assessment_plans::association_id,
            assessment_plans::source,
            assessment_plans::planned,
        ))
        .load(c)?)
}

/// Where among these the foundation of the work was said to be good, or not.
pub fn foundations(c: &mut DbConn, there: Vec<Uid>, year: i64) -> AppResult<Vec<(Uid, Where)>> {
    let rows: Vec<(Uid, Option<Where>)> = area_profiles::table
        .filter(area_profiles::area_id.eq_any(there))
        .filter(area_profiles::year.eq(year))
        .filter(area_profiles::foundation.is_not_null())
        .select((area_profiles::area_id, area_profiles::foundation))
        .load(c)?;
    let said = |(area, foundation): (Uid, Option<Where>)| Some((area, foundation?));
    Ok(rows.into_iter().filter_map(said).collect())
}
