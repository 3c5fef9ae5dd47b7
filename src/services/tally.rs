//! The tally: how often what was done, by area and quarter, linked to nobody.
//!
//! A person's record says of a health service no more than that it was one; which of the six it was is
//! counted here and kept nowhere else. So that a count cannot be laid beside the record it came from, a cell
//! has no id and no time, the cells of an area and quarter are made all at once, and every change writes all
//! of them, changed or not: the database's own notes of who wrote a row last tell which quarter of which area
//! was added to, and not which cell. Areas are townships: in a village the tally would be somebody's list.
//! An area's counts are read by [`super::statistics`] alone, once the quarter is over.

use diesel::dsl::case_when;
use diesel::prelude::*;

use super::model::*;
use crate::auth::{Place, Who};
use crate::db::schema::{areas, service_tally};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::statistics::quarter::Quarter;
use crate::{all_locked, each_backend};

/// A kind as the tally knows it: those of the catalogue, and `health` where nobody said which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TallyKind(&'static str);

impl TallyKind {
    /// What is to be counted of a service, when its kind is told again; the pointer is of the health kind.
    pub fn told(kind: ServiceKind, health: Option<HealthKind>) -> AppResult<TallyKind> {
        match (kind, health) {
            (ServiceKind::Health, Some(health)) => Ok(TallyKind(health.as_str())),
            (_, Some(_)) => Err(AppError::field("/health_kind", Fault::NotFitting)),
            (kind, None) => Ok(TallyKind(kind.as_str())),
        }
    }
    /// All of them, in the order in which they are shown.
    pub fn all() -> Vec<&'static str> {
        let health = HealthKind::ALL.iter().map(HealthKind::as_str);
        health
            .chain(ServiceKind::ALL.iter().map(ServiceKind::as_str))
            .collect()
    }
}

/// Counts one more, in the township's quarter of now.
pub fn count(
    c: &mut DbConn,
    who: &Who,
    place: &Place,
    kind: TallyKind,
    what: Tallied,
) -> AppResult<()> {
    let area = place
        .town
        .or(place.county)
        .ok_or_else(|| AppError::internal("a resident in no area"))?;
    let quarter = Quarter::of(who.at.china_day()).to_string();
    if lock(c, area, &quarter)? == 0 {
        begin(c, area, &quarter)?;
        lock(c, area, &quarter)?;
    }
    let one_more = service_tally::kind
        .eq(kind.0)
        .and(service_tally::what.eq(what));
    let cells = service_tally::table
        .filter(service_tally::area_id.eq(area))
        .filter(service_tally::quarter.eq(&quarter));
    each_backend!(c, |c| diesel::update(cells)
        .set(
            service_tally::count
                .eq(case_when(one_more, service_tally::count + 1).otherwise(service_tally::count))
        )
        .execute(c))?;
    Ok(())
}

/// Locks the cells of an area and quarter, always in one order; answers how many there are.
fn lock(c: &mut DbConn, area: Uid, quarter: &str) -> AppResult<usize> {
    let cells: Vec<String> = all_locked!(
        c,
        service_tally::table
            .filter(
                service_tally::area_id
                    .eq(area)
                    .and(service_tally::quarter.eq(quarter))
            )
            .select(service_tally::kind)
            .order((service_tally::kind, service_tally::what))
    )?;
    Ok(cells.len())
}

/// Makes all cells of an area and quarter, empty.
fn begin(c: &mut DbConn, area: Uid, quarter: &str) -> AppResult<()> {
    let mut kinds = TallyKind::all();
    kinds.sort_unstable();
    let mut cells = Vec::new();
    for kind in kinds {
        cells.extend(Tallied::ALL.iter().map(|what| TallyRow {
            area_id: area,
            quarter: quarter.to_owned(),
            kind: kind.to_owned(),
            what: *what,
            count: 0,
        }));
    }
    each_backend!(c, |c| diesel::insert_into(service_tally::table)
        .values(&cells)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The cells of a quarter in a province.
pub fn of_province(c: &mut DbConn, province: Uid, quarter: Quarter) -> AppResult<Vec<TallyRow>> {
    Ok(service_tally::table
        .inner_join(areas::table)
        .filter(areas::province.eq(province))
        .filter(service_tally::quarter.eq(quarter.to_string()))
        .filter(service_tally::count.gt(0))
        .select(TallyRow::as_select())
        .load(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::residents::model::Need;

    #[test]
    fn services_and_needs_have_the_same_words() {
        let services: Vec<&str> = ServiceKind::ALL.iter().map(ServiceKind::as_str).collect();
        let needs: Vec<&str> = Need::ALL.iter().map(Need::as_str).collect();
        assert_eq!(services, needs);
    }
}
