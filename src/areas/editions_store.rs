//! An edition of the codes into the tables. Areas keep their ids for good; codes come and go.
//!
//! A code that stands in the new edition keeps its area. One that no longer stands
//! there is abolished, where the files say: they list all children of an area or
//! none, below the cities; the files of one city name every province, so a province
//! or city that is missing means nothing. What the files cannot say (that a new code
//! is an old area, or part of one) is not guessed: it waits for a person.
//!
//! The writes go in bounded transactions, so that a running server is never
//! starved. An import that was interrupted is repeated.

use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

use super::import::Listed;
use super::model::{AreaLevel, AreaRow, ChangeKind, ChangeState, area_id};
use crate::db::schema::{area_changes, area_codes, area_editions, areas};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::each_backend;

/// Areas written in one transaction.
const AT_ONCE: usize = 1000;

/// Which edition, from where, imported when.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    pub year: i64,
    pub source: &'a str,
    pub at: Micros,
}

/// What an import changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub new: usize,
    pub renamed: usize,
    pub abolished: usize,
    /// Areas that the files put elsewhere: a person decides.
    pub waiting: usize,
}

/// Stores an edition whose files were checked, parents before children.
pub fn store(
    c: &mut DbConn,
    listed: &[Listed],
    edition: &Edition<'_>,
    mut progress: impl FnMut(usize),
) -> Result<Outcome, String> {
    let failed = |e: diesel::result::Error| format!("the import failed: {e}");
    let newer = codes_of_newer(c, edition.year).map_err(failed)?;
    let behind = |l: &&Listed| l.level.below_city() && newer.contains(&l.code);
    if let Some(one) = listed.iter().find(behind) {
        return Err(format!(
            "the edition {} is older than what stands here of {}: nothing was changed",
            edition.year, one.code
        ));
    }
    note_edition(c, edition).map_err(failed)?;
    let mut live = live_areas(c).map_err(failed)?;
    let gone = gone(&live, listed);
    let mut outcome = Outcome::default();
    for (n, chunk) in listed.chunks(AT_ONCE).enumerate() {
        c.transaction(|c| {
            chunk
                .iter()
                .filter(|l| !newer.contains(&l.code))
                .try_for_each(|l| take(c, &mut live, l, edition, &mut outcome))
        })
        .map_err(failed)?;
        progress((n * AT_ONCE + chunk.len()).min(listed.len()));
    }
    for chunk in gone.chunks(AT_ONCE) {
        c.transaction(|c| chunk.iter().try_for_each(|id| abolish(c, *id, edition)))
            .map_err(failed)?;
        outcome.abolished += chunk.len();
    }
    Ok(outcome)
}

fn note_edition(c: &mut DbConn, edition: &Edition<'_>) -> QueryResult<()> {
    let source = area_editions::source.eq(edition.source);
    let at = area_editions::imported_at.eq(edition.at.0);
    each_backend!(c, |c| diesel::insert_into(area_editions::table)
        .values((area_editions::edition.eq(edition.year), source, at))
        .on_conflict(area_editions::edition)
        .do_update()
        .set((source, at))
        .execute(c))?;
    Ok(())
}

/// Codes that stand in an edition after this one.
fn codes_of_newer(c: &mut DbConn, year: i64) -> QueryResult<HashSet<String>> {
    let newer: Vec<i64> = area_editions::table
        .filter(area_editions::edition.gt(year))
        .select(area_editions::edition)
        .load(c)?;
    let codes: Vec<String> = area_codes::table
        .filter(area_codes::edition.eq_any(newer))
        .select(area_codes::code)
        .load(c)?;
    Ok(codes.into_iter().collect())
}

fn live_areas(c: &mut DbConn) -> QueryResult<HashMap<String, AreaRow>> {
    let rows: Vec<AreaRow> = areas::table
        .filter(areas::abolished_on.is_null())
        .select(AreaRow::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|a| (a.code.clone(), a)).collect())
}

/// The areas that the edition no longer has, widest first.
fn gone(live: &HashMap<String, AreaRow>, listed: &[Listed]) -> Vec<Uid> {
    let codes: HashSet<&str> = listed.iter().map(|l| l.code.as_str()).collect();
    // An area with children in the files has all of them there.
    let told: HashSet<Uid> = listed
        .iter()
        .filter_map(|l| live.get(l.parent.as_deref()?))
        .map(|parent| parent.id)
        .collect();
    let mut missing: Vec<&AreaRow> = live
        .values()
        .filter(|a| a.official && a.level.below_city() && !codes.contains(a.code.as_str()))
        .collect();
    missing.sort_by_key(|a| a.code.len());
    let mut gone = HashSet::new();
    let mut out = Vec::new();
    for area in missing {
        let parent = area.parent_id;
        if parent.is_some_and(|p| told.contains(&p) || gone.contains(&p)) {
            gone.insert(area.id);
            out.push(area.id);
        }
    }
    out
}

/// Brings one code of the edition in: its area is found, renamed or made.
fn take(
    c: &mut DbConn,
    live: &mut HashMap<String, AreaRow>,
    listed: &Listed,
    edition: &Edition<'_>,
    outcome: &mut Outcome,
) -> QueryResult<()> {
    let parent = listed.parent.as_ref().and_then(|code| live.get(code));
    let area = match live.get(&listed.code) {
        None => {
            let area = build(listed, parent, edition.year);
            insert(c, &area)?;
            outcome.new += 1;
            area
        }
        Some(known) => {
            let mut area = known.clone();
            if area.parent_id != parent.map(|p| p.id) {
                let to = parent.map(|p| p.id);
                let waits = ChangeState::WaitsForPerson;
                note(c, ChangeKind::Transfer, area.id, to, waits, edition)?;
                outcome.waiting += 1;
            }
            if area.name != listed.name {
                area.name.clone_from(&listed.name);
                diesel::update(areas::table.find(area.id))
                    .set(areas::name.eq(&area.name))
                    .execute(c)?;
                note(
                    c,
                    ChangeKind::Rename,
                    area.id,
                    None,
                    ChangeState::Applied,
                    edition,
                )?;
                outcome.renamed += 1;
            }
            area
        }
    };
    let code = (
        area_codes::area_id.eq(area.id),
        area_codes::edition.eq(edition.year),
        area_codes::code.eq(&area.code),
        area_codes::name.eq(&area.name),
    );
    each_backend!(c, |c| diesel::insert_into(area_codes::table)
        .values(code)
        .on_conflict((area_codes::code, area_codes::edition))
        .do_update()
        .set(area_codes::name.eq(&area.name))
        .execute(c))?;
    live.insert(area.code.clone(), area);
    Ok(())
}

fn build(listed: &Listed, parent: Option<&AreaRow>, year: i64) -> AreaRow {
    let id = area_id(year, &listed.code);
    let at = |wanted: AreaLevel, from: Option<Uid>| match listed.level == wanted {
        true => Some(id),
        false => from,
    };
    AreaRow {
        id,
        level: listed.level,
        code: listed.code.clone(),
        name: listed.name.clone(),
        parent_id: parent.map(|p| p.id),
        province: parent.map_or(id, |p| p.province),
        city: at(AreaLevel::City, parent.and_then(|p| p.city)),
        county: at(AreaLevel::County, parent.and_then(|p| p.county)),
        town: at(AreaLevel::Town, parent.and_then(|p| p.town)),
        village: at(AreaLevel::Village, parent.and_then(|p| p.village)),
        official: true,
        abolished_on: None,
    }
}

/// A corrected file of one edition may hold again what its first one lacked: that is the same area.
fn insert(c: &mut DbConn, area: &AreaRow) -> QueryResult<()> {
    each_backend!(c, |c| diesel::insert_into(areas::table)
        .values(area)
        .on_conflict(areas::id)
        .do_update()
        .set((
            areas::name.eq(&area.name),
            areas::abolished_on.eq(None::<Day>)
        ))
        .execute(c))?;
    Ok(())
}

fn abolish(c: &mut DbConn, id: Uid, edition: &Edition<'_>) -> QueryResult<()> {
    // The editions name no day: it holds from when this installation learnt of it.
    diesel::update(areas::table.find(id))
        .set(areas::abolished_on.eq(Day(edition.at.china_day())))
        .execute(c)?;
    note(
        c,
        ChangeKind::Abolish,
        id,
        None,
        ChangeState::Applied,
        edition,
    )
}

/// One row of an area's history; the same import again adds none.
fn note(
    c: &mut DbConn,
    kind: ChangeKind,
    from: Uid,
    to: Option<Uid>,
    state: ChangeState,
    edition: &Edition<'_>,
) -> QueryResult<()> {
    let id = kind.of(from, edition.year);
    each_backend!(c, |c| diesel::insert_into(area_changes::table)
        .values((
            area_changes::id.eq(id),
            area_changes::kind.eq(kind),
            area_changes::edition.eq(edition.year),
            area_changes::from_area.eq(from),
            area_changes::to_area.eq(to),
            area_changes::source.eq(edition.source),
            area_changes::effective_on.eq(Day(edition.at.china_day())),
            area_changes::state.eq(state),
            area_changes::created_at.eq(edition.at.0),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
