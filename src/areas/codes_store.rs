//! All SQL about code rows: what an area was called, from a day until another.
//!
//! Of one area at most one row is open, and it says what the area's own row says. A change closes it on its day and
//! opens the next one; two changes of one day leave one row.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::HashMap;

use super::model::{AreaLevel, AreaRow, CodeRow};
use crate::db::schema::{area_codes, area_editions, areas};
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// How a code stood on a day.
pub enum Moment {
    /// An area had it, and has it still.
    Held(Box<(CodeRow, AreaRow)>),
    /// Something happened to it since: to whoever had it then, or it came later.
    Since,
}

/// Which of these codes were, or came to be, anybody's, from the point of view of a day.
pub fn moments(c: &mut DbConn, codes: Vec<String>, day: Day) -> AppResult<HashMap<String, Moment>> {
    let rows: Vec<(CodeRow, AreaRow)> = area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .filter(area_codes::code.eq_any(codes))
        .select((CodeRow::as_select(), AreaRow::as_select()))
        .load(c)?;
    let mut found = HashMap::with_capacity(rows.len());
    for (row, area) in rows {
        let held = row.valid_from <= day && row.valid_to.is_none_or(|end| day < end);
        let code = row.code.clone();
        if held && row.valid_to.is_none() {
            found.insert(code, Moment::Held(Box::new((row, area))));
        } else if held || row.valid_from > day {
            found.entry(code).or_insert(Moment::Since);
        }
    }
    Ok(found)
}

/// The first row of an area.
pub fn row_of(area: &AreaRow, edition: i64, from: Day) -> CodeRow {
    CodeRow {
        area_id: area.id,
        valid_from: from,
        valid_to: None,
        edition,
        code: area.code.clone(),
        name: area.name.clone(),
        parent_id: area.parent_id,
    }
}

/// Gives an area its name.
pub fn rename(c: &mut DbConn, area: &AreaRow) -> AppResult<()> {
    diesel::update(areas::table.find(area.id))
        .set(areas::name.eq(&area.name))
        .execute(c)?;
    Ok(())
}

pub fn make_official(c: &mut DbConn, area: Uid) -> AppResult<()> {
    diesel::update(areas::table.find(area))
        .set(areas::official.eq(true))
        .execute(c)?;
    Ok(())
}

/// Which areas a change of codes takes in, by the id that is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The area alone.
    Itself,
    /// Those next below it.
    Children,
    /// Itself and all below it.
    All(AreaLevel),
}

impl Reach {
    /// The condition, with the area bound as the nth value.
    pub fn condition(self, n: usize) -> String {
        match self {
            Reach::Itself => format!("id = ${n}"),
            Reach::Children => format!("parent_id = ${n}"),
            Reach::All(level) => format!("(id = ${n} OR {level} = ${n})"),
        }
    }
}

/// Closes the open row of one area and opens the next, as the area's own row says now.
pub fn turn(c: &mut DbConn, area: Uid, edition: i64, day: Day) -> AppResult<()> {
    turn_all(c, Reach::Itself, area, edition, day)
}

/// The same of many.
pub fn turn_all(c: &mut DbConn, reach: Reach, area: Uid, edition: i64, day: Day) -> AppResult<()> {
    let live = |n: usize| format!("{} AND abolished_on IS NULL", reach.condition(n));
    // What began on this very day was never true for a day.
    diesel::sql_query(format!(
        "DELETE FROM area_codes WHERE valid_to IS NULL AND valid_from >= $1 \
         AND area_id IN (SELECT id FROM areas WHERE {})",
        live(2)
    ))
    .bind::<Text, _>(day)
    .bind::<UidSql, _>(area)
    .execute(c)?;
    diesel::sql_query(format!(
        "UPDATE area_codes SET valid_to = $1 WHERE valid_to IS NULL \
         AND area_id IN (SELECT id FROM areas WHERE {})",
        live(2)
    ))
    .bind::<Text, _>(day)
    .bind::<UidSql, _>(area)
    .execute(c)?;
    diesel::sql_query(format!(
        "INSERT INTO area_codes (area_id, valid_from, edition, code, name, parent_id) \
         SELECT id, $1, $2, code, name, parent_id FROM areas WHERE {}",
        live(3)
    ))
    .bind::<Text, _>(day)
    .bind::<BigInt, _>(edition)
    .bind::<UidSql, _>(area)
    .execute(c)?;
    Ok(())
}

/// The area is no more: its row is closed, its code free.
pub fn abolish(c: &mut DbConn, area: Uid, day: Day) -> AppResult<()> {
    diesel::update(areas::table.find(area))
        .set(areas::abolished_on.eq(day))
        .execute(c)?;
    diesel::update(
        area_codes::table
            .filter(area_codes::area_id.eq(area))
            .filter(area_codes::valid_to.is_null()),
    )
    .set(area_codes::valid_to.eq(day))
    .execute(c)?;
    Ok(())
}

/// The live areas below a county whose open row began by a day, widest first.
pub fn live_below(c: &mut DbConn, county: &AreaRow, day: Day) -> AppResult<Vec<AreaRow>> {
    let mut rows: Vec<AreaRow> = areas::table
        .inner_join(area_codes::table.on(area_codes::area_id.eq(areas::id)))
        .filter(area_codes::valid_to.is_null())
        .filter(area_codes::valid_from.le(day))
        .filter(areas::county.eq(county.id))
        .filter(areas::id.ne(county.id))
        .filter(areas::abolished_on.is_null())
        .select(AreaRow::as_select())
        .load(c)?;
    rows.sort_by(|a, b| (a.level.depth(), &a.code).cmp(&(b.level.depth(), &b.code)));
    Ok(rows)
}

/// The open row of an area.
pub fn open_row(c: &mut DbConn, area: Uid) -> AppResult<Option<CodeRow>> {
    Ok(area_codes::table
        .filter(area_codes::area_id.eq(area))
        .filter(area_codes::valid_to.is_null())
        .select(CodeRow::as_select())
        .first(c)
        .optional()?)
}

/// The latest day on which a row of an area, or of one of those below it, began.
pub fn latest_turn(c: &mut DbConn, area: &AreaRow) -> AppResult<Option<Day>> {
    let query = area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .select(diesel::dsl::max(area_codes::valid_from))
        .into_boxed();
    let query = match area.level {
        AreaLevel::Province => query.filter(areas::province.eq(area.id)),
        AreaLevel::City => query.filter(areas::city.eq(area.id)),
        AreaLevel::County => query.filter(areas::county.eq(area.id)),
        AreaLevel::Town => query.filter(areas::town.eq(area.id)),
        AreaLevel::Village => query.filter(areas::id.eq(area.id)),
    };
    Ok(query.first(c)?)
}

/// Every row of an area, newest first.
pub fn history(c: &mut DbConn, area: Uid, limit: i64) -> AppResult<Vec<CodeRow>> {
    Ok(area_codes::table
        .filter(area_codes::area_id.eq(area))
        .select(CodeRow::as_select())
        .order(area_codes::valid_from.desc())
        .limit(limit)
        .load(c)?)
}

/// The newest edition that stands here, and the newest one that had begun by a day.
pub fn edition_at(c: &mut DbConn, day: Day) -> AppResult<Option<i64>> {
    Ok(area_editions::table
        .filter(area_editions::edition.le(i64::from(day.0.year())))
        .select(diesel::dsl::max(area_editions::edition))
        .first(c)?)
}

/// Whether an edition stands here.
pub fn has_edition(c: &mut DbConn, edition: i64) -> AppResult<bool> {
    let found = area_editions::table.find(edition);
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(c)?)
}

/// The editions, newest first, each with where it came from.
pub fn editions(c: &mut DbConn, limit: i64) -> AppResult<Vec<(i64, String)>> {
    Ok(area_editions::table
        .select((area_editions::edition, area_editions::source))
        .order(area_editions::edition.desc())
        .limit(limit)
        .load(c)?)
}

/// Notes from where an edition's rows came, besides what brought some of them before: the newest stands first.
pub fn from_files(c: &mut DbConn, edition: i64, source: &str) -> AppResult<()> {
    let before: Option<String> = area_editions::table
        .find(edition)
        .select(area_editions::source)
        .first(c)
        .optional()?;
    let before = before.unwrap_or_default();
    let mut sources = vec![source];
    sources.extend(
        before
            .split("; ")
            .filter(|one| !one.is_empty() && *one != source),
    );
    sources.truncate(SOURCES);
    while sources.len() > 1 && sources.iter().map(|s| s.chars().count() + 2).sum::<usize>() > MOST {
        sources.pop();
    }
    diesel::update(area_editions::table.find(edition))
        .set(area_editions::source.eq(sources.join("; ")))
        .execute(c)?;
    Ok(())
}

/// Sources of an edition that are told of, and characters of them.
const SOURCES: usize = 5;
const MOST: usize = 1_000;

/// Who had a code on a day: the row, and the area as it is now.
pub fn holder(c: &mut DbConn, code: &str, day: Day) -> AppResult<Option<(CodeRow, AreaRow)>> {
    Ok(area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .filter(area_codes::code.eq(code))
        .filter(area_codes::valid_from.le(day))
        .filter(
            area_codes::valid_to
                .is_null()
                .or(area_codes::valid_to.gt(day)),
        )
        .select((CodeRow::as_select(), AreaRow::as_select()))
        .order(area_codes::valid_from.desc())
        .first(c)
        .optional()?)
}

/// Who had a code last.
pub fn last_holder(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    Ok(area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .filter(area_codes::code.eq(code))
        .select(AreaRow::as_select())
        .order((
            area_codes::valid_to.is_null().desc(),
            area_codes::valid_from.desc(),
        ))
        .first(c)
        .optional()?)
}

/// The rows of a day below an area, or the provinces', in the order of their codes, after one of them.
pub fn children_on(
    c: &mut DbConn,
    parent: Option<Uid>,
    day: Day,
    after: Option<&str>,
    limit: i64,
) -> AppResult<Vec<(CodeRow, AreaRow)>> {
    let mut query = area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .filter(area_codes::valid_from.le(day))
        .filter(
            area_codes::valid_to
                .is_null()
                .or(area_codes::valid_to.gt(day)),
        )
        .select((CodeRow::as_select(), AreaRow::as_select()))
        .order(area_codes::code)
        .limit(limit + 1)
        .into_boxed();
    query = match parent {
        Some(parent) => query.filter(area_codes::parent_id.eq(parent)),
        None => query.filter(area_codes::parent_id.is_null()),
    };
    if let Some(after) = after {
        query = query.filter(area_codes::code.gt(after.to_owned()));
    }
    Ok(query.load(c)?)
}

/// The parents that areas had on a day and have no more.
pub fn other_parents(c: &mut DbConn, day: Day) -> AppResult<HashMap<Uid, Option<Uid>>> {
    let rows: Vec<(Uid, Option<Uid>)> = area_codes::table
        .inner_join(areas::table.on(areas::id.eq(area_codes::area_id)))
        .filter(area_codes::valid_to.gt(day))
        .filter(area_codes::valid_from.le(day))
        .filter(areas::parent_id.ne(area_codes::parent_id))
        .select((area_codes::area_id, area_codes::parent_id))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// The codes of areas on a day.
pub fn codes_on(c: &mut DbConn, ids: Vec<Uid>, day: Day) -> AppResult<HashMap<Uid, CodeRow>> {
    let rows: Vec<CodeRow> = area_codes::table
        .filter(area_codes::area_id.eq_any(ids))
        .filter(area_codes::valid_from.le(day))
        .filter(
            area_codes::valid_to
                .is_null()
                .or(area_codes::valid_to.gt(day)),
        )
        .select(CodeRow::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|row| (row.area_id, row)).collect())
}

/// Notes that areas of an edition changed: phones look them up anew.
pub fn stamp(c: &mut DbConn, edition: i64, at: crate::db::Micros) -> AppResult<()> {
    diesel::update(area_editions::table.find(edition))
        .set(area_editions::imported_at.eq(at.0))
        .execute(c)?;
    Ok(())
}
