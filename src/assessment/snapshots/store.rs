//! All SQL about frozen years.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use std::collections::HashMap;

use super::document::read;
use super::model::{FactsRow, FreezeReason, SheetRow, SnapshotRow};
use crate::assessment::view::AreaResult;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{
    assessment_snapshot_facts as f, assessment_snapshot_sheets as s, assessment_snapshots as t,
};
use crate::db::{DbConn, Micros, MultiBackend, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::http::page::Page;

/// Sheets that are written at once: they have few columns and much text.
const AT_ONCE: usize = 100;

pub fn insert(
    c: &mut DbConn,
    row: &SnapshotRow,
    sheets: &[SheetRow],
    facts: &[FactsRow],
) -> AppResult<()> {
    diesel::insert_into(t::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    for some in sheets.chunks(AT_ONCE) {
        each_backend!(c, |c| diesel::insert_into(s::table).values(some).execute(c))?;
    }
    for some in facts.chunks(AT_ONCE) {
        each_backend!(c, |c| diesel::insert_into(f::table).values(some).execute(c))?;
    }
    Ok(())
}

/// The frozen year, if the caller may do this to it, or to one of its sheets.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<SnapshotRow>> {
    let row = t::table
        .find(id)
        .select(SnapshotRow::as_select())
        .first(c)
        .optional()?;
    match row {
        Some(row) if !who.can(action, &row) => {
            let scope = who.scope(action).shared();
            let page = Page {
                limit: 1,
                after: None,
            };
            let sheet = sheets(c, &scope, id, None, page)?.into_iter().next();
            who.authorise(action, sheet)?.lead(row)
        }
        row => who.authorise(action, row),
    }
}

/// Sheets of the caller's areas.
fn mine(
    scope: &Scope,
) -> Box<dyn BoxableExpression<s::table, MultiBackend, SqlType = Nullable<Bool>>> {
    let of = s::area_id.nullable().eq_any(scope.areas.clone());
    let counties = s::county.eq_any(scope.counties.clone());
    let towns = s::town.eq_any(scope.towns.clone());
    let villages = s::village.eq_any(scope.villages.clone());
    Box::new(of.or(counties).or(towns).or(villages))
}

/// A page of the sheets of a frozen year that are of the caller's areas, by area.
pub fn sheets(
    c: &mut DbConn,
    scope: &Scope,
    id: Uid,
    area: Option<Uid>,
    page: Page,
) -> AppResult<Vec<SheetRow>> {
    let mut query = s::table
        .filter(s::snapshot_id.eq(id))
        .filter(mine(scope))
        .select(SheetRow::as_select())
        .order(s::area_id)
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(area) = area {
        query = query.filter(s::area_id.eq(area));
    }
    if let Some(after) = page.after {
        query = query.filter(s::area_id.gt(after));
    }
    Ok(query.load(c)?)
}

/// The sheet of an area in a frozen year, if the caller may do this to it.
pub fn sheet(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
    area: Uid,
) -> AppResult<Handle<SheetRow>> {
    let row = s::table
        .find((id, area))
        .select(SheetRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Every sheet of a frozen year.
pub fn all_sheets(c: &mut DbConn, snapshot: &Handle<SnapshotRow>) -> AppResult<Vec<SheetRow>> {
    Ok(s::table
        .filter(s::snapshot_id.eq(snapshot.id))
        .select(SheetRow::as_select())
        .order(s::area_id)
        .load(c)?)
}

/// The facts behind all of its sources.
pub fn all_facts(c: &mut DbConn, snapshot: &Handle<SnapshotRow>) -> AppResult<Vec<FactsRow>> {
    Ok(f::table
        .filter(f::snapshot_id.eq(snapshot.id))
        .select(FactsRow::as_select())
        .order(f::source)
        .load(c)?)
}

/// The facts behind a source.
pub fn facts(
    c: &mut DbConn,
    snapshot: &Handle<SnapshotRow>,
    source: &str,
) -> AppResult<Option<FactsRow>> {
    Ok(f::table
        .find((snapshot.id, source))
        .select(FactsRow::as_select())
        .first(c)
        .optional()?)
}

/// The newest revision of an area's year.
pub fn newest(c: &mut DbConn, area: Uid, year: i64) -> AppResult<Option<SnapshotRow>> {
    Ok(t::table
        .filter(t::area_id.eq(area))
        .filter(t::year.eq(year))
        .select(SnapshotRow::as_select())
        .order(t::revision.desc())
        .first(c)
        .optional()?)
}

/// Whether the frozen year of a wider area holds a sheet of this one.
pub fn is_held(c: &mut DbConn, area: Uid, year: i64) -> AppResult<bool> {
    let held = s::table
        .inner_join(t::table)
        .filter(s::area_id.eq(area))
        .filter(s::year.eq(year))
        .filter(t::area_id.ne(area))
        .select(s::area_id);
    Ok(diesel::select(diesel::dsl::exists(held)).get_result(c)?)
}

/// Whether a year of an area was frozen: with a sheet of its own, or of one of these around it.
pub fn is_frozen(c: &mut DbConn, area: Uid, around: Vec<Uid>, year: i64) -> AppResult<bool> {
    let own = s::table
        .filter(s::area_id.eq(area))
        .filter(s::year.eq(year));
    let has_sheet: bool = diesel::select(diesel::dsl::exists(own)).get_result(c)?;
    if has_sheet {
        return Ok(true);
    }
    let wider = t::table
        .filter(t::area_id.eq_any(around))
        .filter(t::year.eq(year));
    Ok(diesel::select(diesel::dsl::exists(wider)).get_result(c)?)
}

/// A revision of an area's year.
pub fn revision(
    c: &mut DbConn,
    area: Uid,
    year: i64,
    revision: i64,
) -> AppResult<Option<SnapshotRow>> {
    Ok(t::table
        .filter(t::area_id.eq(area))
        .filter(t::year.eq(year))
        .filter(t::revision.eq(revision))
        .select(SnapshotRow::as_select())
        .first(c)
        .optional()?)
}

/// How many of these frozen years are there.
pub fn are_there(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<i64> {
    Ok(t::table.filter(t::id.eq_any(ids)).count().get_result(c)?)
}

/// How an area came out in a year that was frozen, and where it stands.
pub struct FrozenResult {
    pub snapshot: Uid,
    pub revision: i64,
    pub result: AreaResult,
}

/// How areas came out in a year that was frozen, each for itself or with an area around it: as it was frozen last.
pub fn frozen_results(
    c: &mut DbConn,
    areas: Vec<Uid>,
    year: i64,
) -> AppResult<HashMap<Uid, FrozenResult>> {
    // Ids go by time.
    let rows: Vec<(Uid, Uid)> = s::table
        .filter(s::area_id.eq_any(areas))
        .filter(s::year.eq(year))
        .select((s::area_id, s::snapshot_id))
        .order(s::snapshot_id)
        .load(c)?;
    let last: HashMap<Uid, Uid> = rows.into_iter().collect();
    let mut by_snapshot: HashMap<Uid, Vec<Uid>> = HashMap::new();
    for (area, snapshot) in last {
        by_snapshot.entry(snapshot).or_default().push(area);
    }
    let mut found = HashMap::new();
    for (snapshot, areas) in by_snapshot {
        let rows: Vec<(Uid, i64, String)> = s::table
            .inner_join(t::table)
            .filter(s::snapshot_id.eq(snapshot))
            .filter(s::area_id.eq_any(areas))
            .select((s::area_id, t::revision, s::content))
            .load(c)?;
        for (area, revision, text) in rows {
            let frozen = FrozenResult {
                snapshot,
                revision,
                result: read(&text)?,
            };
            found.insert(area, frozen);
        }
    }
    Ok(found)
}

/// A frozen year in a list: without its document.
#[derive(Debug, Queryable)]
pub struct Listed {
    pub id: Uid,
    pub area_id: Uid,
    pub year: i64,
    pub revision: i64,
    pub because: FreezeReason,
    pub digest: String,
    pub signer: String,
    pub frozen_at: Micros,
}

/// A page of the frozen years that hold a sheet of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    area: Option<Uid>,
    year: Option<i64>,
    page: Page,
) -> AppResult<Vec<Listed>> {
    let mut query = s::table
        .filter(mine(scope))
        .select(s::snapshot_id)
        .distinct()
        .order(s::snapshot_id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(area) = area {
        query = query.filter(s::area_id.eq(area));
    }
    if let Some(year) = year {
        query = query.filter(s::year.eq(year));
    }
    if let Some(after) = page.after {
        query = query.filter(s::snapshot_id.lt(after));
    }
    let ids: Vec<Uid> = query.load(c)?;
    Ok(t::table
        .filter(t::id.eq_any(ids))
        .select((
            t::id,
            t::area_id,
            t::year,
            t::revision,
            t::because,
            t::digest,
            t::signer,
            t::frozen_at,
        ))
        .order(t::id.desc())
        .load(c)?)
}
