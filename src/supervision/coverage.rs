//! How much of what is to be done was done, by area: member homes visited in a quarter, and households with
//! follow-ups overdue today.

use std::collections::HashMap;

use super::coverage_store::{self as store, Homes};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::statistics::branches;
use crate::statistics::quarter::Quarter;
use crate::statistics::sums::Sums;

/// What was found of an area.
#[derive(Debug)]
pub struct OfArea {
    pub area: AreaRow,
    /// Those that are open.
    pub homes: u64,
    /// Of these, those visited in the quarter.
    pub visited: u64,
    /// Households; `None` is hidden.
    pub overdue: Option<u64>,
}

/// An area and a page of the areas of a level within it.
pub struct Coverage {
    pub whole: OfArea,
    pub rows: Vec<AreaRow>,
    found: Found,
}

struct Found {
    homes: Sums,
    overdue: Sums,
    /// Which areas' households are shown; of those that are not named, none.
    shown: HashMap<Uid, bool>,
}

impl Found {
    fn of(&self, area: AreaRow) -> OfArea {
        let homes = self.homes.of(area.id);
        let count = |cell: usize| homes.get(cell).copied().unwrap_or(0);
        let shown = self.shown.get(&area.id) == Some(&true);
        let overdue = self.overdue.of(area.id).first().copied().unwrap_or(0);
        OfArea {
            homes: count(0),
            visited: count(1),
            overdue: shown.then_some(overdue),
            area,
        }
    }
}

impl Coverage {
    pub fn of(&self, area: AreaRow) -> OfArea {
        self.found.of(area)
    }
}

pub fn of(
    c: &mut DbConn,
    area: AreaRow,
    level: Option<AreaLevel>,
    quarter: Quarter,
    today: Day,
    page: Page,
) -> AppResult<Coverage> {
    let counties = store::counties_of(c, area.province)?;
    let mut homes = Sums::new(2, &counties);
    let span = (Day(quarter.first_day()), Day(quarter.last_day()));
    for Homes {
        place,
        homes: open,
        visited,
    } in store::homes(c, area.province, span)?
    {
        homes.count(place, 0, open);
        homes.count(place, 1, visited);
    }
    let mut overdue = Sums::new(1, &counties);
    for (place, households) in store::households_overdue(c, area.province, today)? {
        overdue.count(place, 0, households);
    }
    let rows = match level {
        Some(level) => areas::store::parts(c, &area, level, page)?,
        None => Vec::new(),
    };
    let shown = branches::shown(c, &area, &rows, &overdue)?;
    let found = Found {
        homes,
        overdue,
        shown,
    };
    Ok(Coverage {
        whole: found.of(area),
        rows,
        found,
    })
}
