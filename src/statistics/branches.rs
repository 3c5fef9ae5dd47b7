//! Which counts of some areas are shown, from the branches that lead to them.

use std::collections::HashMap;

use super::parts::{Tree, rank};
use super::sums::Sums;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// The areas that lead from a province to some rows, each with all of its parts.
#[derive(Debug)]
pub struct Branches {
    tree: Tree,
    numbers: HashMap<Uid, usize>,
}

/// The rule goes from the province inwards, an area and its parts at a time, so that the branches that lead to the rows
/// are all of it that is looked at.
pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    area: &AreaRow,
    rows: &[AreaRow],
    sums: &Sums,
) -> AppResult<Branches> {
    let mut chain: Vec<Uid> = vec![area.province];
    chain.extend([area.city, area.county, area.town].into_iter().flatten());
    // Rows two levels below stand in areas between.
    chain.extend(rows.iter().filter_map(|row| row.parent_id));
    let (mut tree, mut numbers) = (Tree::default(), HashMap::new());
    numbers.insert(
        area.province,
        tree.add(None, rank(vault, area.province), sums.of(area.province)),
    );
    let mut within = vec![area.id];
    within.extend(chain);
    let mut opened: Vec<Uid> = Vec::new();
    // Widest first: an area's parts are added once the area is.
    loop {
        let next = within
            .iter()
            .copied()
            .find(|id| numbers.contains_key(id) && !opened.contains(id));
        let Some(next) = next else { break };
        opened.push(next);
        let parent = numbers.get(&next).copied();
        for part in areas::store::next_below(c, next)? {
            let counts = sums.of(part.id);
            numbers.insert(part.id, tree.add(parent, rank(vault, part.id), counts));
        }
    }
    Ok(Branches { tree, numbers })
}

impl Branches {
    /// Of which areas these cells, which belong together, are shown; of those that are not named, none are.
    pub fn shown(&self, cells: std::ops::Range<usize>) -> HashMap<Uid, bool> {
        let shown = self.tree.shown(cells);
        let of = |(id, number): (&Uid, &usize)| (*id, shown.get(*number) == Some(&true));
        self.numbers.iter().map(of).collect()
    }
}
