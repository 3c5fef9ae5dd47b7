//! How many villages are qualified in a year: of an area and of every area within it, down to each village.

use std::collections::HashMap;

use super::model::*;
use super::rules::{self, Counts};
use super::store;
use crate::areas::model::AreaRow;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};

/// The villages of an area, as they were counted and as people decided. The two stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub villages: u64,
    /// As counted, whatever anybody decided.
    pub qualified: u64,
    /// About how many somebody decided, and how many of them as qualified.
    pub decided: u64,
    pub decided_qualified: u64,
    /// About how many somebody decided otherwise than is counted now.
    pub differing: u64,
}

/// A village in a year.
#[derive(Debug, Clone)]
pub struct OfVillage {
    pub area: AreaRow,
    pub counts: Counts,
    /// The codes of the criteria that are not met.
    pub missing: Vec<String>,
    /// The newest decision.
    pub decided: Option<ConfirmationRow>,
}

impl OfVillage {
    pub fn qualified(&self) -> bool {
        self.missing.is_empty()
    }

    pub fn differs(&self) -> bool {
        let decided = self.decided.as_ref();
        decided.is_some_and(|decided| decided.qualified != self.qualified())
    }
}

/// The villages of an area in a year.
#[derive(Debug)]
pub struct OfYear {
    pub year: i64,
    pub set: SetRow,
    pub criteria: Vec<CriterionRow>,
    /// In the order of their codes.
    pub villages: Vec<OfVillage>,
}

impl OfYear {
    /// Of the area itself and of every area that one of its villages is in.
    pub fn by_area(&self) -> HashMap<Uid, Tally> {
        let mut tallies: HashMap<Uid, Tally> = HashMap::new();
        for village in &self.villages {
            let mut around: Vec<Uid> = village.area.chain().collect();
            around.sort_unstable();
            around.dedup();
            let decided = village.decided.as_ref();
            for area in around {
                let tally = tallies.entry(area).or_default();
                tally.villages += 1;
                tally.qualified += u64::from(village.qualified());
                tally.decided += u64::from(decided.is_some());
                tally.decided_qualified += u64::from(decided.is_some_and(|d| d.qualified));
                tally.differing += u64::from(village.differs());
            }
        }
        tallies
    }
}

/// The first and the last day of a year.
pub fn days(year: i64) -> AppResult<(Day, Day)> {
    let year = i16::try_from(year).map_err(AppError::internal)?;
    let day = |month, day| jiff::civil::Date::new(year, month, day).map_err(AppError::internal);
    Ok((Day(day(1, 1)?), Day(day(12, 31)?)))
}

/// Counts the villages of an area in a year: one query for the villages, one for all facts, one for what was decided.
pub fn of(c: &mut DbConn, area: &AreaRow, year: i64) -> AppResult<OfYear> {
    let set = store::set_for(c, year)?
        .ok_or_else(|| AppError::internal("no criteria of self-governance"))?;
    let criteria = store::criteria_of(c, &[set.year])?;
    let mut facts: Vec<GovernanceFact> = criteria.iter().map(|one| one.fact).collect();
    facts.sort_unstable();
    facts.dedup();
    let span = days(year)?;
    let mut counted: HashMap<Uid, Counts> = HashMap::new();
    for (village, fact, times) in store::counts(c, area, &facts, span)? {
        counted.entry(village).or_default().insert(fact, times);
    }
    let mut decided: HashMap<Uid, ConfirmationRow> = HashMap::new();
    for row in store::decisions(c, area, year)? {
        decided.insert(row.village, row);
    }
    let village = |area: AreaRow| {
        let counts = counted.remove(&area.id).unwrap_or_default();
        let missing = rules::missing(&criteria, &counts);
        OfVillage {
            missing: missing.into_iter().map(str::to_owned).collect(),
            decided: decided.remove(&area.id),
            counts,
            area,
        }
    };
    let villages = store::villages(c, area, span.1)?;
    Ok(OfYear {
        year,
        villages: villages.into_iter().map(village).collect(),
        set,
        criteria,
    })
}
