//! The facts behind a frozen figure: the rows that were counted then, as they were.

use super::document::{FrozenFact, SnapshotDocument, read};
use super::model::{SheetRow, SnapshotRow};
use super::store;
use crate::assessment::facts::Found;
use crate::assessment::scheme::document::JudgedLevel;
use crate::assessment::sources::FactKind;
use crate::assessment::view::{AreaResult, SourceResult};
use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::page::Page;
use crate::statistics::query::refused;

/// One of the sources that the frozen scheme asks for an indicator; its first where none is named.
pub fn source_of(
    document: &SnapshotDocument,
    indicator: &str,
    source: Option<&str>,
) -> AppResult<String> {
    let found = document
        .scheme
        .indicator(indicator)
        .ok_or_else(AppError::not_found)?;
    let mut names = (found.formula.sources.0.iter()).map(|clause| clause.source.as_str());
    let name = match source {
        Some(asked) => names
            .find(|name| *name == asked)
            .ok_or_else(|| refused("/source", Fault::NotOneOf))?,
        None => names.next().ok_or_else(AppError::not_found)?,
    };
    Ok(name.to_owned())
}

/// A page of the facts that a source counted for the area of a sheet, newest first.
pub fn of(
    c: &mut DbConn,
    who: &Who,
    snapshot: &Handle<SnapshotRow>,
    sheet: &Handle<SheetRow>,
    asked: (&str, &str),
    page: Page,
) -> AppResult<Vec<Found>> {
    let document: SnapshotDocument = read(&snapshot.document)?;
    let (indicator, source) = asked;
    let listed = document
        .facts
        .iter()
        .find(|one| one.source.as_str() == source);
    let rows = store::facts(c, snapshot, source)?;
    let (Some(listed), Some(rows)) = (listed, rows) else {
        return parts(c, who, snapshot, sheet, indicator, source, page);
    };
    let mut rows: Vec<FrozenFact> = read(&rows.facts)?;
    rows.retain(|row| {
        row.is_behind(listed.basis, sheet.area_id, snapshot.area_id)
            && page.after.is_none_or(|after| row.id < after)
    });
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(usize::try_from(page.limit + 1).unwrap_or(0));
    let found = |row: FrozenFact| Found {
        id: row.id,
        kind: row.kind,
        area: row.area,
        label: row.label,
        on: row.on,
        n: row.n,
        of: row.of,
    };
    Ok(rows.into_iter().map(found).collect())
}

/// Of people: the sheets next below, each with what may be told of it. Below a township there are none.
fn parts(
    c: &mut DbConn,
    who: &Who,
    snapshot: &Handle<SnapshotRow>,
    sheet: &Handle<SheetRow>,
    indicator: &str,
    source: &str,
    page: Page,
) -> AppResult<Vec<Found>> {
    let own: AreaResult = read(&sheet.result)?;
    let below = match own.level {
        JudgedLevel::City => JudgedLevel::County,
        JudgedLevel::County => JudgedLevel::Town,
        JudgedLevel::Town | JudgedLevel::Village => return Ok(Vec::new()),
    };
    let all = Page {
        limit: ALL,
        after: page.after,
    };
    let scope = who.scope(Action::AssessmentRead).shared();
    let mut found = Vec::new();
    for part in store::sheets(c, &scope, snapshot.id, None, all)? {
        if !part.is_within(sheet.area_id, snapshot.area_id) {
            continue;
        }
        let result: AreaResult = read(&part.result)?;
        if result.level == below {
            found.push(part_of(result, indicator, source));
        }
        if i64::try_from(found.len()).unwrap_or(i64::MAX) > page.limit {
            break;
        }
    }
    Ok(found)
}

/// As many sheets as a frozen year may have.
const ALL: i64 = 5000;

fn part_of(result: AreaResult, indicator: &str, source: &str) -> Found {
    let asked = result
        .indicators
        .iter()
        .find(|i| i.code.as_str() == indicator);
    let sources = asked.map_or(&[][..], |i| &i.sources);
    let figure: Option<&SourceResult> = sources.iter().find(|s| s.source.as_str() == source);
    Found {
        id: result.area_id,
        kind: FactKind::Area,
        n: figure.and_then(|f| f.n),
        of: figure.and_then(|f| f.of),
        area: result.area.as_str().to_owned(),
        label: Some(result.name),
        on: None,
    }
}

/// The area of a sheet, by any code it had.
pub fn sheet_of(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
    code: &str,
) -> AppResult<Handle<SheetRow>> {
    let area = super::api::area_named(c, code)?.ok_or_else(AppError::not_found)?;
    store::sheet(c, who, action, id, area.id)
}
