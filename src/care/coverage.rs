//! How far special families are covered, by area, so that no small count shows.
//!
//! Of each thing that a family is to have, those with it and those without it are counted beside each other, and all of
//! it is shown or hidden together: one follows from the other and the number of families.

use std::collections::HashMap;

use super::coverage_store::{self as store, AtPlace};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::statistics::branches;
use crate::statistics::sums::Sums;
use crate::supervision::coverage_store::counties_of;

/// What is counted: contacts, doctor, channel, visit; each with and without.
const THINGS: usize = 4;
const CELLS: usize = 2 * THINGS;

/// The special families of an area; `None` is hidden.
#[derive(Debug)]
pub struct OfArea {
    pub area: AreaRow,
    pub families: Option<u64>,
    pub with: [Option<u64>; THINGS],
}

/// An area and a page of the areas of a level within it.
pub struct Covered {
    pub whole: OfArea,
    pub rows: Vec<AreaRow>,
    sums: Sums,
    shown: HashMap<Uid, bool>,
}

fn show(sums: &Sums, shown: &HashMap<Uid, bool>, area: AreaRow) -> OfArea {
    let counts = sums.of(area.id);
    let count = |cell: usize| counts.get(cell).copied().unwrap_or(0);
    let is = shown.get(&area.id) == Some(&true);
    OfArea {
        families: is.then(|| count(0).saturating_add(count(1))),
        with: [0, 1, 2, 3].map(|thing| is.then(|| count(2 * thing))),
        area,
    }
}

impl Covered {
    pub fn of(&self, area: AreaRow) -> OfArea {
        show(&self.sums, &self.shown, area)
    }
}

/// Counts the special families in care, and those visited since a day.
pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    area: AreaRow,
    level: Option<AreaLevel>,
    since: Day,
    page: Page,
) -> AppResult<Covered> {
    let counties = counties_of(c, area.province)?;
    let mut sums = Sums::new(CELLS, &counties);
    for AtPlace {
        place,
        families,
        with,
    } in store::at_places(c, area.province, since)?
    {
        for (thing, have) in with.into_iter().enumerate() {
            sums.count(place, 2 * thing, have);
            sums.count(place, 2 * thing + 1, families.saturating_sub(have));
        }
    }
    let rows = match level {
        Some(level) => areas::store::parts(c, &area, level, page)?,
        None => Vec::new(),
    };
    let shown = branches::of(c, vault, &area, &rows, &sums)?.shown(0..CELLS);
    Ok(Covered {
        whole: show(&sums, &shown, area),
        rows,
        sums,
        shown,
    })
}
