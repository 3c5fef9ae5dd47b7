//! How many members there are by area, so that no small count shows.
//!
//! Members of the backbone and the others are counted beside each other and shown or hidden together: one follows
//! from the other and the sum.

use std::collections::HashMap;

use super::counts_store::{self as store, AtPlace};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::statistics::branches;
use crate::statistics::sums::Sums;
use crate::supervision::coverage_store::counties_of;

/// Where each count stands.
const BACKBONE: usize = 0;
const OTHERS: usize = 1;

/// The members of an area; `None` is hidden.
#[derive(Debug)]
pub struct OfArea {
    pub area: AreaRow,
    pub members: Option<u64>,
    pub backbone: Option<u64>,
}

/// An area and a page of the areas of a level within it.
pub struct Counted {
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
        members: is.then(|| count(BACKBONE).saturating_add(count(OTHERS))),
        backbone: is.then(|| count(BACKBONE)),
        area,
    }
}

impl Counted {
    pub fn of(&self, area: AreaRow) -> OfArea {
        show(&self.sums, &self.shown, area)
    }
}

/// Counts those who are members today, each once.
pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    area: AreaRow,
    level: Option<AreaLevel>,
    page: Page,
) -> AppResult<Counted> {
    let counties = counties_of(c, area.province)?;
    let mut sums = Sums::new(2, &counties);
    for AtPlace {
        place,
        members,
        backbone,
    } in store::at_places(c, area.province)?
    {
        sums.count(place, BACKBONE, backbone);
        sums.count(place, OTHERS, members.saturating_sub(backbone));
    }
    let rows = match level {
        Some(level) => areas::store::parts(c, &area, level, page)?,
        None => Vec::new(),
    };
    let shown = branches::of(c, vault, &area, &rows, &sums)?.shown(BACKBONE..OTHERS + 1);
    Ok(Counted {
        whole: show(&sums, &shown, area),
        rows,
        sums,
        shown,
    })
}
