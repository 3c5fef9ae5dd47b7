//! The tally of what local households were offered, kept as the one of residents' services is (`tally`): by township
//! and quarter, linked to nobody, all cells of an area and quarter made and written at once.
//!
//! It is counted when a visit is confirmed. Residents are counted by their own services and nowhere else: the two
//! tallies share no count, so nothing that one of them hides follows from the other.

use diesel::dsl::case_when;
use diesel::prelude::*;

use super::model::ServiceKind;
use crate::auth::{Place, Who};
use crate::db::schema::{areas, household_tally};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::residents::model::Need;
use crate::statistics::quarter::Quarter;
use crate::{all_locked, each_backend};

/// A cell of the tally.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = household_tally, treat_none_as_default_value = false)]
pub struct HouseholdTallyRow {
    pub area_id: Uid,
    pub quarter: String,
    pub kind: String,
    pub count: i64,
}

/// Counts what a local household was offered, in the township's quarter of now.
pub fn count(c: &mut DbConn, who: &Who, place: &Place, offered: &[Need]) -> AppResult<()> {
    if offered.is_empty() {
        return Ok(());
    }
    let area = place
        .town
        .or(place.county)
        .ok_or_else(|| AppError::internal("a household in no area"))?;
    let quarter = Quarter::of(who.at.china_day()).to_string();
    if lock(c, area, &quarter)? == 0 {
        begin(c, area, &quarter)?;
        lock(c, area, &quarter)?;
    }
    let words: Vec<&str> = offered.iter().map(|need| need.as_str()).collect();
    let cells = household_tally::table
        .filter(household_tally::area_id.eq(area))
        .filter(household_tally::quarter.eq(&quarter));
    let one_more = household_tally::kind.eq_any(words);
    each_backend!(c, |c| diesel::update(cells)
        .set(
            household_tally::count
                .eq(case_when(one_more, household_tally::count + 1)
                    .otherwise(household_tally::count))
        )
        .execute(c))?;
    Ok(())
}

fn lock(c: &mut DbConn, area: Uid, quarter: &str) -> AppResult<usize> {
    let cells: Vec<String> = all_locked!(
        c,
        household_tally::table
            .filter(
                household_tally::area_id
                    .eq(area)
                    .and(household_tally::quarter.eq(quarter))
            )
            .select(household_tally::kind)
            .order(household_tally::kind)
    )?;
    Ok(cells.len())
}

fn begin(c: &mut DbConn, area: Uid, quarter: &str) -> AppResult<()> {
    let mut kinds: Vec<&str> = ServiceKind::ALL.iter().map(ServiceKind::as_str).collect();
    kinds.sort_unstable();
    let cells: Vec<HouseholdTallyRow> = kinds
        .into_iter()
        .map(|kind| HouseholdTallyRow {
            area_id: area,
            quarter: quarter.to_owned(),
            kind: kind.to_owned(),
            count: 0,
        })
        .collect();
    each_backend!(c, |c| diesel::insert_into(household_tally::table)
        .values(&cells)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The cells of a quarter in a province.
pub fn of_province(
    c: &mut DbConn,
    province: Uid,
    quarter: Quarter,
) -> AppResult<Vec<HouseholdTallyRow>> {
    Ok(household_tally::table
        .inner_join(areas::table)
        .filter(areas::province.eq(province))
        .filter(household_tally::quarter.eq(quarter.to_string()))
        .filter(household_tally::count.gt(0))
        .select(HouseholdTallyRow::as_select())
        .load(c)?)
}
