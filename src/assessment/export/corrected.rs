//! What a later revision says otherwise of the areas that are printed: which it follows, and what it corrects.

use std::collections::BTreeMap;

use crate::assessment::snapshots::document::{AreaStood, area_differences, differences, read};
use crate::assessment::snapshots::model::{FreezeReason, SnapshotRow};
use crate::assessment::snapshots::store as snapshots;
use crate::assessment::view::AreaResult;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::http::text::{AreaCode, IndicatorCode};

/// As many sheets as a frozen year may have.
pub const ALL: i64 = 5000;

#[derive(Debug, Clone)]
pub struct Corrected {
    /// The revision before.
    pub follows: i64,
    pub because: FreezeReason,
    /// By code; nothing where nothing changed in what is printed.
    pub areas: Vec<CorrectedArea>,
}

#[derive(Debug, Clone)]
pub struct CorrectedArea {
    pub area: AreaCode,
    pub name: String,
    pub indicators: Vec<IndicatorCode>,
    /// How it stood as a whole, and how it stands, where that differs.
    pub whole: Option<(Option<AreaStood>, Option<AreaStood>)>,
}

/// What a revision corrects in `areas`, which are those of its sheets in the area `printed` that the caller may print;
/// nothing of the first.
pub fn of(
    c: &mut DbConn,
    who: &Who,
    row: &SnapshotRow,
    printed: Uid,
    areas: &[AreaResult],
) -> AppResult<Option<Corrected>> {
    let before = snapshots::revision(c, row.area_id, row.year, row.revision - 1)?;
    let Some(before) = before else {
        return Ok(None);
    };
    let scope = who.scope(Action::AssessmentExport).shared();
    let all = Page {
        limit: ALL,
        after: None,
    };
    let mut was: Vec<AreaResult> = Vec::new();
    for sheet in snapshots::sheets(c, &scope, before.id, None, all)? {
        if sheet.is_within(printed, row.area_id) {
            was.push(read(&sheet.result)?);
        }
    }
    Ok(Some(Corrected {
        follows: before.revision,
        because: row.because,
        areas: changed(&was, areas),
    }))
}

fn changed(was: &[AreaResult], is: &[AreaResult]) -> Vec<CorrectedArea> {
    let mut found: BTreeMap<(AreaCode, Uid), CorrectedArea> = BTreeMap::new();
    let untold = |area: &AreaCode, id: Uid| {
        let named = is.iter().chain(was).find(|one| one.area_id == id);
        CorrectedArea {
            area: area.clone(),
            name: named.map(|one| one.name.clone()).unwrap_or_default(),
            indicators: Vec::new(),
            whole: None,
        }
    };
    for one in area_differences(was, is) {
        let mut told = untold(&one.area, one.area_id);
        told.whole = Some((one.before, one.after));
        found.insert((one.area, one.area_id), told);
    }
    for one in differences(was, is) {
        let told = found
            .entry((one.area.clone(), one.area_id))
            .or_insert_with(|| untold(&one.area, one.area_id));
        told.indicators.push(one.indicator);
    }
    found.into_values().collect()
}
