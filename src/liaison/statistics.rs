//! Whether notices are answered in time, by area and quarter: how many were sent and came in, and of those whose answer
//! was due in the quarter how many were answered by their day, later, or not at all.
//!
//! A quarter is counted once it is over, as it stood on its last day, so that what comes later changes nothing of it.
//! What is counted together is hidden together (`statistics::parts`): of fewer than five nobody learns how one of them
//! was answered, nor by taking one answer from another.

use std::collections::HashMap;

use super::model::LiaisonSide;
use super::statistics_store::{self as store, How};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::statistics::branches;
use crate::statistics::quarter::Quarter;
use crate::statistics::sums::Sums;
use crate::supervision::coverage_store::counties_of;

/// Answers that were due, as the quarter ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    pub in_time: u64,
    pub late: u64,
    pub open: u64,
}

/// What was found of an area; `None` is hidden.
#[derive(Debug)]
pub struct OfArea {
    pub area: AreaRow,
    pub sent: Option<u64>,
    pub received: Option<u64>,
    /// To what came in: those that this area owed.
    pub given: Option<Answers>,
    /// To what was sent: those that it waited for.
    pub got: Option<Answers>,
}

/// Cells of a count, and which belong together.
const SENT: usize = 0;
const RECEIVED: usize = 1;
const GIVEN: usize = 2;
const GOT: usize = 5;
const CELLS: usize = 8;

fn cell(side: LiaisonSide, how: How) -> usize {
    let answers = match side {
        LiaisonSide::In => GIVEN,
        LiaisonSide::Out => GOT,
    };
    match (how, side) {
        (How::Sent, LiaisonSide::Out) => SENT,
        (How::Sent, LiaisonSide::In) => RECEIVED,
        (How::InTime, _) => answers,
        (How::Late, _) => answers + 1,
        (How::Open, _) => answers + 2,
    }
}

/// An area and a page of the areas of a level within it.
pub struct Statistics {
    pub whole: OfArea,
    pub rows: Vec<AreaRow>,
    found: Found,
}

struct Found {
    sums: Sums,
    shown: [HashMap<Uid, bool>; 4],
}

impl Found {
    fn of(&self, area: AreaRow) -> OfArea {
        let counts = self.sums.of(area.id);
        let count = |cell: usize| counts.get(cell).copied().unwrap_or(0);
        let open = |which: usize| {
            let shown = self.shown.get(which);
            shown.is_some_and(|shown| shown.get(&area.id) == Some(&true))
        };
        let answers = |first: usize| Answers {
            in_time: count(first),
            late: count(first + 1),
            open: count(first + 2),
        };
        OfArea {
            sent: open(0).then(|| count(SENT)),
            received: open(1).then(|| count(RECEIVED)),
            given: open(2).then(|| answers(GIVEN)),
            got: open(3).then(|| answers(GOT)),
            area,
        }
    }
}

impl Statistics {
    pub fn of(&self, area: AreaRow) -> OfArea {
        self.found.of(area)
    }
}

pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    area: AreaRow,
    level: Option<AreaLevel>,
    quarter: Quarter,
    page: Page,
) -> AppResult<Statistics> {
    let counties = counties_of(c, area.province)?;
    let mut sums = Sums::new(CELLS, &counties);
    let span = (Day(quarter.first_day()), Day(quarter.last_day()));
    for one in store::counted(c, area.province, span)? {
        sums.count(one.place, cell(one.side, one.how), one.times);
    }
    let rows = match level {
        Some(level) => areas::store::parts(c, &area, level, page)?,
        None => Vec::new(),
    };
    let branches = branches::of(c, vault, &area, &rows, &sums)?;
    let cells = [SENT..RECEIVED, RECEIVED..GIVEN, GIVEN..GOT, GOT..CELLS];
    let found = Found {
        shown: cells.map(|cells| branches.shown(cells)),
        sums,
    };
    Ok(Statistics {
        whole: found.of(area),
        rows,
        found,
    })
}
