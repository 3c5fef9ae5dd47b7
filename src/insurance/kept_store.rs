//! All SQL that finds the claims whose clocks are looked at for a year.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::ClaimRow;
use super::statistics_store::agrees;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::schema::{areas, claims};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// Claims of people who agree that were reported in an area in these days, after an id; bounded.
pub fn reported(
    c: &mut DbConn,
    root: &AreaRow,
    (first, last): (Day, Day),
    after: Uid,
    most: i64,
) -> AppResult<Vec<ClaimRow>> {
    let query = claims::table
        .filter(claims::reported_on.ge(first))
        .filter(claims::reported_on.le(last))
        .filter(claims::id.gt(after))
        .filter(sql::<Bool>(&agrees("claims.insured_person_id")))
        .select(ClaimRow::as_select())
        .order(claims::id)
        .limit(most)
        .into_boxed();
    let counties = areas::table
        .filter(areas::level.eq(AreaLevel::County))
        .select(areas::id);
    let query = match root.level {
        AreaLevel::Province => {
            query.filter(claims::county.eq_any(counties.filter(areas::province.eq(root.id))))
        }
        AreaLevel::City => {
            query.filter(claims::county.eq_any(counties.filter(areas::city.eq(root.id))))
        }
        AreaLevel::County => query.filter(claims::county.eq(root.id)),
        AreaLevel::Town => query.filter(claims::town.eq(root.id)),
        AreaLevel::Village => query.filter(claims::village.eq(root.id)),
    };
    Ok(query.load(c)?)
}
