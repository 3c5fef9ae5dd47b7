//! What an export holds.

use std::collections::HashMap;

use super::corrected::Corrected;
use crate::assessment::api::LastYear;
use crate::assessment::scheme::document::SchemeDocument;
use crate::assessment::view::{AreaResult, IndicatorResult, SourceResult};
use crate::db::{Day, Uid};
use crate::error::{AppResult, Fault};
use crate::statistics::query::refused;

/// Areas of an export at most.
pub const MOST: usize = 2000;

/// Refuses what does not fit: nothing is left out in silence. Each part has an export of its own.
pub fn bounded(areas: usize) -> AppResult<()> {
    match areas > MOST {
        true => Err(refused("/area", Fault::TooMany)),
        false => Ok(()),
    }
}

/// Where it was frozen.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub revision: i64,
    pub digest: String,
    /// Nobody where the signature or a sheet does not fit.
    pub signer: Option<String>,
    /// Assessments and appeals that were not decided then.
    pub open_cases: i64,
    pub open_appeals: i64,
    /// What it says otherwise than the revision before, on paper; nothing of the first.
    pub corrected: Option<Corrected>,
}

#[derive(Debug)]
pub struct Printout {
    pub year: i64,
    pub as_of: Day,
    pub scheme: SchemeDocument,
    /// The area itself, first; then those in it, by code.
    pub areas: Vec<AreaResult>,
    /// How each came out the year before, where that is known.
    pub last_year: HashMap<Uid, LastYear>,
    /// Nothing where it is counted now.
    pub frozen: Option<Frozen>,
    pub chinese: bool,
}

impl Printout {
    pub fn whole(&self) -> Option<&AreaResult> {
        self.areas.first()
    }

    pub fn last(&self, area: &AreaResult) -> Option<&LastYear> {
        self.last_year.get(&area.area_id)
    }

    /// The same indicator the year before.
    pub fn last_of(&self, area: &AreaResult, of: &IndicatorResult) -> Option<&IndicatorResult> {
        let before = &self.last(area)?.result.indicators;
        before.iter().find(|one| one.code == of.code)
    }
}

/// The same source of an indicator the year before.
pub fn source_of<'a>(
    before: Option<&'a IndicatorResult>,
    source: &SourceResult,
) -> Option<&'a SourceResult> {
    let sources = &before?.sources;
    sources.iter().find(|one| one.source == source.source)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_refused_and_not_cut_off() {
        assert!(bounded(MOST).is_ok());
        let refused = bounded(MOST + 1).unwrap_err();
        assert_eq!(refused.code().as_str(), "malformed_query");
    }
}
