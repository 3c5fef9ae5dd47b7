//! How much of what is to be done was done, by area: member homes visited in a quarter, households with follow-ups
//! overdue today, and opinions and needs that wait for an answer.

use super::coverage_store::{self as store, Counted};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::{Day, DbConn};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::statistics::quarter::Quarter;
use crate::statistics::sums::Sums;

/// What was found of an area.
#[derive(Debug)]
pub struct OfArea {
    pub area: AreaRow,
    /// Those that were open in the quarter.
    pub homes: u64,
    /// Of these, those visited in the quarter.
    pub visited: u64,
    pub households_overdue: u64,
    /// Opinions and needs.
    pub unanswered: u64,
    /// Of these, those past their day.
    pub answers_overdue: u64,
}

/// Where each count stands.
const HOMES: usize = 0;
const VISITED: usize = 1;
const HOUSEHOLDS: usize = 2;
const UNANSWERED: usize = 3;
const ANSWERS: usize = 4;

/// An area and a page of the areas of a level within it.
pub struct Coverage {
    pub whole: OfArea,
    pub rows: Vec<AreaRow>,
    found: Sums,
}

impl Coverage {
    pub fn of(&self, area: AreaRow) -> OfArea {
        of_area(&self.found, area)
    }
}

fn of_area(found: &Sums, area: AreaRow) -> OfArea {
    let counts = found.of(area.id);
    let count = |cell: usize| counts.get(cell).copied().unwrap_or(0);
    OfArea {
        homes: count(HOMES),
        visited: count(VISITED),
        households_overdue: count(HOUSEHOLDS),
        unanswered: count(UNANSWERED),
        answers_overdue: count(ANSWERS),
        area,
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
    let mut found = Sums::new(ANSWERS + 1, &counties);
    let span = (Day(quarter.first_day()), Day(quarter.last_day()));
    let mut add = |all: usize, of_them: Option<usize>, rows: Vec<Counted>| {
        for row in rows {
            found.count(row.place, all, row.all);
            if let Some(of_them) = of_them {
                found.count(row.place, of_them, row.of_them);
            }
        }
    };
    add(HOMES, Some(VISITED), store::homes(c, &area, span)?);
    add(
        HOUSEHOLDS,
        None,
        store::households_overdue(c, &area, today)?,
    );
    add(
        UNANSWERED,
        Some(ANSWERS),
        store::unanswered(c, &area, today)?,
    );
    let rows = match level {
        Some(level) => areas::store::parts(c, &area, level, page)?,
        None => Vec::new(),
    };
    Ok(Coverage {
        whole: of_area(&found, area),
        rows,
        found,
    })
}
