//! Statistics of services: counts by area, kind and step, of quarters that are over.
//!
//! What is hidden is decided for a whole province at once, whichever part of it somebody asks for: an answer
//! for a county and one for its city are parts of the same table, so that nothing hidden in one follows from
//! the other. Each step (offered, accepted, …) is a table of its own; no sum over steps or quarters is shown.

use std::collections::HashMap;

use super::model::Tallied;
use super::tally::{self, TallyKind};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::privacy::suppression::{Shown, Table};
use crate::statistics::quarter::Quarter;

/// What is shown of one area: by kind and step, the sums over kinds beside them.
pub struct OfArea {
    pub area: AreaRow,
    /// A table for each of `Tallied::ALL`.
    pub steps: Vec<Shown>,
}

/// Of an area and of the areas in it, down to townships.
pub struct Statistics {
    pub whole: OfArea,
    pub parts: Vec<OfArea>,
}

/// Counts what was done in a finished quarter.
pub fn of(c: &mut DbConn, area: AreaRow, quarter: Quarter) -> AppResult<Statistics> {
    let cells = tally::of_province(c, area.province, quarter)?;
    let all = areas::store::down_to_towns(c, area.province, Day(quarter.last_day()))?;
    let kinds: HashMap<&str, usize> = TallyKind::all()
        .into_iter()
        .enumerate()
        .map(|(number, kind)| (kind, number))
        .collect();
    let (template, rows) = table(&all, kinds.len());
    let mut steps = Vec::with_capacity(Tallied::ALL.len());
    for what in Tallied::ALL {
        let mut table = template.clone();
        for cell in cells.iter().filter(|cell| cell.what == *what) {
            if let (Some(row), Some(kind)) =
                (rows.get(&cell.area_id), kinds.get(cell.kind.as_str()))
            {
                table.count(*row, *kind, cell.count.try_into().unwrap_or(0));
            }
        }
        steps.push(table.suppressed());
    }
    let of_row = |row: usize| -> Vec<Shown> {
        let shown = steps.iter().filter_map(|rows| rows.get(row).cloned());
        shown.collect()
    };
    let counted = |steps: &[Shown]| steps.iter().any(|step| step.all != Some(0));
    let parts = all
        .iter()
        .filter(|part| part.parent_id == Some(area.id))
        .filter_map(|part| Some((part, of_row(*rows.get(&part.id)?))))
        // An area that is no more is shown where something was counted in it.
        .filter(|(part, steps)| part.abolished_on.is_none() || counted(steps))
        .map(|(part, steps)| OfArea {
            area: part.clone(),
            steps,
        })
        .collect();
    let steps = rows.get(&area.id).map(|row| of_row(*row));
    Ok(Statistics {
        whole: OfArea {
            steps: steps.unwrap_or_default(),
            area,
        },
        parts,
    })
}

/// The areas of a province as rows, each within the one around it.
pub(super) fn table(all: &[AreaRow], kinds: usize) -> (Table, HashMap<Uid, usize>) {
    let mut table = Table::new(kinds);
    let mut rows = HashMap::with_capacity(all.len());
    let levels = [
        AreaLevel::Province,
        AreaLevel::City,
        AreaLevel::County,
        AreaLevel::Town,
    ];
    for level in levels {
        for area in all.iter().filter(|area| area.level == level) {
            let parent = area.parent_id.and_then(|id| rows.get(&id).copied());
            rows.insert(area.id, table.add(parent));
        }
    }
    (table, rows)
}
