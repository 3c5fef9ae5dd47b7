//! How much of the catalogue residents are offered, beside the same figure for local households, by area.
//!
//! A share is the kinds that were offered at all of all kinds, health services counted as one as everybody's record
//! has them. That a kind was offered at all is what the published counts show anyway, because they show every zero;
//! the counts themselves are shown of local households only, small ones hidden as in `statistics`, from a tally that
//! shares nothing with the residents' one (`household_tally`).

use std::collections::{HashMap, HashSet};

use super::household_tally;
use super::model::{HealthKind, ServiceKind, Tallied};
use super::statistics::table;
use super::tally;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::privacy::suppression::Shown;
use crate::statistics::quarter::Quarter;

/// Of an area: what each side was offered.
pub struct Reached {
    pub area: AreaRow,
    /// Of each of `ServiceKind::ALL`: whether residents were offered it.
    pub residents: Vec<bool>,
    /// The same of local households.
    pub households: Vec<bool>,
    /// How often those were.
    pub counts: Shown,
}

/// Of an area, then of the areas next below it.
pub fn of(c: &mut DbConn, area: AreaRow, quarter: Quarter) -> AppResult<(Reached, Vec<Reached>)> {
    let all = areas::store::down_to_towns(c, area.province, Day(quarter.last_day()))?;
    let parents: HashMap<Uid, Option<Uid>> = all.iter().map(|a| (a.id, a.parent_id)).collect();
    let mut residents: HashSet<(Uid, usize)> = HashSet::new();
    for cell in tally::of_province(c, area.province, quarter)? {
        if cell.what == Tallied::Offered {
            let kind = coarse(&cell.kind);
            around(&parents, cell.area_id, |at| {
                residents.extend(kind.map(|kind| (at, kind)));
            });
        }
    }
    let (mut counted, rows) = table(&all, ServiceKind::ALL.len());
    let mut households: HashSet<(Uid, usize)> = HashSet::new();
    for cell in household_tally::of_province(c, area.province, quarter)? {
        let (Some(row), Some(kind)) = (rows.get(&cell.area_id), coarse(&cell.kind)) else {
            continue;
        };
        counted.count(*row, kind, cell.count.try_into().unwrap_or(0));
        around(&parents, cell.area_id, |at| {
            households.insert((at, kind));
        });
    }
    let shown = counted.suppressed();
    let reached = |area: &AreaRow| {
        let counts = rows.get(&area.id).and_then(|row| shown.get(*row))?;
        let of = |set: &HashSet<(Uid, usize)>| {
            let kinds = 0..ServiceKind::ALL.len();
            kinds.map(|kind| set.contains(&(area.id, kind))).collect()
        };
        Some(Reached {
            residents: of(&residents),
            households: of(&households),
            counts: counts.clone(),
            area: area.clone(),
        })
    };
    let something = |r: &Reached| {
        r.residents
            .iter()
            .chain(&r.households)
            .any(|offered| *offered)
    };
    let parts = all
        .iter()
        .filter(|part| part.parent_id == Some(area.id))
        .filter_map(&reached)
        // An area that is no more is shown where something was offered in it.
        .filter(|part| part.area.abolished_on.is_none() || something(part))
        .collect();
    let whole = reached(&area).unwrap_or(Reached {
        residents: vec![false; ServiceKind::ALL.len()],
        households: vec![false; ServiceKind::ALL.len()],
        counts: Shown {
            all: Some(0),
            kinds: vec![Some(0); ServiceKind::ALL.len()],
        },
        area,
    });
    Ok((whole, parts))
}

/// The kind of a person's record that a kind of the tally is: every health service is one.
fn coarse(word: &str) -> Option<usize> {
    let word = match word.parse::<HealthKind>() {
        Ok(_) => ServiceKind::Health.as_str(),
        Err(_) => word,
    };
    ServiceKind::ALL
        .iter()
        .position(|kind| kind.as_str() == word)
}

fn around(parents: &HashMap<Uid, Option<Uid>>, area: Uid, mut each: impl FnMut(Uid)) {
    let mut at = Some(area);
    while let Some(area) = at {
        each(area);
        at = parents.get(&area).copied().flatten();
    }
}
