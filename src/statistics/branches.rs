//! Which counts of an area and of a page of areas within it may be shown, where a whole province is more than is
//! asked for.

use std::collections::HashMap;

use super::parts::Tree;
use super::sums::Sums;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// Which of these areas' counts are shown, all cells together. The rule goes from the province inwards, an area and
/// its parts at a time, so that the branches that lead to the rows are all of it that is looked at.
pub fn shown(
    c: &mut DbConn,
    area: &AreaRow,
    rows: &[AreaRow],
    sums: &Sums,
) -> AppResult<HashMap<Uid, bool>> {
    let mut chain: Vec<Uid> = vec![area.province];
    chain.extend([area.city, area.county, area.town].into_iter().flatten());
    // Rows two levels below stand in areas between.
    chain.extend(rows.iter().filter_map(|row| row.parent_id));
    let (mut tree, mut numbers) = (Tree::default(), HashMap::new());
    numbers.insert(area.province, tree.add(None, sums.of(area.province)));
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
            numbers.insert(part.id, tree.add(parent, counts));
        }
    }
    let shown = tree.shown(0..sums.cells());
    let of = |(id, number): (Uid, usize)| (id, shown.get(number) == Some(&true));
    Ok(numbers.into_iter().map(of).collect())
}
