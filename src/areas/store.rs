//! All SQL about areas.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::{AreaLevel, AreaRow};
use super::{changes_store, codes_store, events_store};
use crate::auth::rights::Scope;
use crate::db::schema::areas;
use crate::db::together::{Answers, remember};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::page::Page;

/// The area that has this code now.
pub fn by_code(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    let ask = |code: &String| {
        let now = areas::table
            .filter(areas::code.eq(code))
            .filter(areas::abolished_on.is_null())
            .select(AreaRow::as_select());
        Ok(now.first(c).optional()?)
    };
    BY_CODE.with(|known| known.or_ask(code.to_owned(), ask))
}

thread_local! {
    static BY_CODE: Answers<String, Option<AreaRow>> = const { Answers::none() };
}

/// Does work that looks the same areas up again and again, and changes none.
pub fn remembered<R>(f: impl FnOnce() -> R) -> R {
    remember(&BY_CODE, f)
}

/// The same, or the one that had it last: records keep pointing at areas that are no more.
pub fn by_code_ever(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    if let Some(now) = by_code(c, code)? {
        return Ok(Some(now));
    }
    Ok(areas::table
        .filter(areas::code.eq(code))
        .filter(areas::abolished_on.is_not_null())
        .select(AreaRow::as_select())
        .order(areas::abolished_on.desc())
        .first(c)
        .optional()?)
}

/// The area that this code speaks of today: whoever has it, or whoever had it last, or what that was merged into. A
/// phone that was away, or a draft, may name a code of before.
pub fn today_of(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    if let Some(now) = by_code(c, code)? {
        return Ok(Some(now));
    }
    let mut last = codes_store::last_holder(c, code)?;
    for _ in 0..MERGERS {
        match last {
            Some(area) if area.abolished_on.is_some() => {
                last = changes_store::merged_into(c, area.id)?;
            }
            found => return Ok(found),
        }
    }
    Ok(None)
}

/// Mergers in a row that are followed.
const MERGERS: usize = 8;

/// The codes of areas, by id.
pub fn codes_of(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<HashMap<Uid, String>> {
    let rows: Vec<(Uid, String)> = areas::table
        .filter(areas::id.eq_any(ids))
        .select((areas::id, areas::code))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// Codes and names of areas, by id.
pub fn named(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<HashMap<Uid, (String, String)>> {
    let rows: Vec<(Uid, String, String)> = areas::table
        .filter(areas::id.eq_any(ids))
        .select((areas::id, areas::code, areas::name))
        .load(c)?;
    let named = rows.into_iter().map(|(id, code, name)| (id, (code, name)));
    Ok(named.collect())
}

pub fn by_id(c: &mut DbConn, id: Uid) -> AppResult<Option<AreaRow>> {
    Ok(areas::table
        .find(id)
        .select(AreaRow::as_select())
        .first(c)
        .optional()?)
}

/// The area a record is placed in: it must exist and, where a record needs one, be at most so wide.
pub fn placed(
    c: &mut DbConn,
    code: &str,
    pointer: &str,
    levels: &[AreaLevel],
) -> AppResult<AreaRow> {
    let area = today_of(c, code)?.ok_or_else(|| AppError::field(pointer, Fault::NoSuchArea))?;
    if levels.contains(&area.level) {
        Ok(area)
    } else {
        Err(AppError::field(pointer, Fault::AreaTooWide))
    }
}

/// Children of an area, or the provinces, in the order of their codes.
pub fn children(
    c: &mut DbConn,
    parent: Option<Uid>,
    after: Option<&str>,
    limit: i64,
) -> AppResult<Found> {
    let mut query = areas::table
        .filter(areas::abolished_on.is_null())
        .select(AreaRow::as_select())
        .order(areas::code)
        .limit(limit + 1)
        .into_boxed();
    query = match parent {
        Some(parent) => query.filter(areas::parent_id.eq(parent)),
        None => query.filter(areas::parent_id.is_null()),
    };
    if let Some(after) = after {
        query = query.filter(areas::code.gt(after.to_owned()));
    }
    Ok(Found::page(query.load(c)?, limit, None))
}

/// A province and every area in it down to townships, those that are no more too, in the order of their codes; each
/// with the parent it had on a day. What was counted then stays where it was counted: what an area that went
/// elsewhere counted would follow from the difference.
pub fn down_to_towns(c: &mut DbConn, province: Uid, day: Day) -> AppResult<Vec<AreaRow>> {
    let in_it = areas::province.eq(province).or(areas::id.eq(province));
    let mut rows: Vec<AreaRow> = areas::table
        .filter(in_it)
        .filter(areas::level.ne(AreaLevel::Village))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .load(c)?;
    let parents = codes_store::other_parents(c, day)?;
    for row in &mut rows {
        if let Some(parent) = parents.get(&row.id) {
            row.parent_id = *parent;
        }
    }
    Ok(rows)
}

/// A province and every area in it down to villages, those that are no more too.
pub fn all_of(c: &mut DbConn, province: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(areas::province.eq(province).or(areas::id.eq(province)))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .load(c)?)
}

/// A page of the areas of a level within one, in the order of their codes, after the area that the page names.
pub fn parts(
    c: &mut DbConn,
    area: &AreaRow,
    level: AreaLevel,
    page: Page,
) -> AppResult<Vec<AreaRow>> {
    let after = match page.after {
        Some(id) => by_id(c, id)?.map(|area| area.code),
        None => None,
    };
    Ok(below(Some(area), after.as_deref())
        .filter(areas::level.eq(level))
        .select(AreaRow::as_select())
        .order(areas::code)
        .limit(page.limit + 1)
        .load(c)?)
}

/// An area and everything in it, as records are placed: by county, township or village.
pub fn scope_within(c: &mut DbConn, area: &AreaRow) -> AppResult<Scope> {
    let mut scope = Scope::default();
    match area.level {
        AreaLevel::Province | AreaLevel::City | AreaLevel::County => {
            scope.counties = counties(c, area)?;
        }
        AreaLevel::Town => scope.towns.push(area.id),
        AreaLevel::Village => scope.villages.push(area.id),
    }
    Ok(scope)
}

/// The areas next below one, those that are no more too, in the order of their codes.
pub fn next_below(c: &mut DbConn, area: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(areas::parent_id.eq(area))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .load(c)?)
}

/// When areas were imported or changed last: phones look them up anew then.
pub fn changed_at(c: &mut DbConn) -> AppResult<Option<i64>> {
    use crate::db::schema::area_editions;
    let imported: Option<i64> = area_editions::table
        .select(diesel::dsl::max(area_editions::imported_at))
        .first(c)?;
    Ok(imported.max(events_store::changed_at(c)?))
}

/// An area with all below it and all around it, those that are no more too, in the order of their codes.
pub fn around(c: &mut DbConn, area: &AreaRow, skip: i64, limit: i64) -> AppResult<Vec<AreaRow>> {
    let wider: Vec<Uid> = area.chain().collect();
    let query = areas::table
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .offset(skip)
        .limit(limit)
        .into_boxed();
    let query = match area.level {
        AreaLevel::Province => {
            query.filter(areas::id.eq_any(wider).or(areas::province.eq(area.id)))
        }
        AreaLevel::City => query.filter(
            areas::id
                .eq_any(wider)
                .nullable()
                .or(areas::city.eq(area.id)),
        ),
        AreaLevel::County => query.filter(
            areas::id
                .eq_any(wider)
                .nullable()
                .or(areas::county.eq(area.id)),
        ),
        AreaLevel::Town => query.filter(
            areas::id
                .eq_any(wider)
                .nullable()
                .or(areas::town.eq(area.id)),
        ),
        AreaLevel::Village => query.filter(areas::id.eq_any(wider)),
    };
    Ok(query.load(c)?)
}

/// Areas that one search looks at. Nothing indexes a part of a name on both databases, so the nation's
/// 665,276 areas are gone through in the order of their codes, so many a request and on from there: one
/// range of an index and a substring test a row. On SQLite and a busy machine of two cores a window took
/// 14 to 77 ms, all of them at once 890 ms; PostgreSQL walks the same index.
pub const WINDOW: i64 = 50_000;

/// What was found, and the code after which it goes on: a window may hold few hits, or none.
pub struct Found {
    pub rows: Vec<AreaRow>,
    pub next: Option<String>,
}

impl Found {
    /// A page of rows loaded one past its limit; `end` is where a window of them stopped.
    fn page(mut rows: Vec<AreaRow>, limit: i64, end: Option<String>) -> Found {
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let last = rows.last().map(|a| a.code.clone());
        Found {
            rows,
            next: if more { last } else { end },
        }
    }
}

/// Areas whose name holds `text`, below `root` when given.
///
/// Names are compared inside the database without LIKE, whose case folding differs.
pub fn search(
    c: &mut DbConn,
    text: &str,
    root: Option<&AreaRow>,
    after: Option<&str>,
    limit: i64,
) -> AppResult<Found> {
    use diesel::dsl::sql;
    use diesel::sql_types::{Bool, Text};
    let holds = if c.is_sqlite() {
        "instr(name, "
    } else {
        "strpos(name, "
    };
    let end: Option<String> = below(root, after)
        .select(areas::code)
        .order(areas::code)
        .offset(WINDOW - 1)
        .first(c)
        .optional()?;
    let mut query = below(root, after)
        .select(AreaRow::as_select())
        .filter(
            sql::<Bool>(holds)
                .bind::<Text, _>(text.to_owned())
                .sql(") > 0"),
        )
        .order(areas::code)
        .limit(limit + 1);
    if let Some(end) = &end {
        query = query.filter(areas::code.le(end.clone()));
    }
    Ok(Found::page(query.load(c)?, limit, end))
}

/// The areas in and below one, or all, after a code.
fn below<'a>(
    root: Option<&AreaRow>,
    after: Option<&str>,
) -> areas::BoxedQuery<'a, crate::db::MultiBackend> {
    let mut query = areas::table
        .filter(areas::abolished_on.is_null())
        .into_boxed();
    if let Some(root) = root {
        query = match root.level {
            AreaLevel::Province => query.filter(areas::province.eq(root.id)),
            AreaLevel::City => query.filter(areas::city.eq(root.id)),
            AreaLevel::County => query.filter(areas::county.eq(root.id)),
            AreaLevel::Town => query.filter(areas::town.eq(root.id)),
            AreaLevel::Village => query.filter(areas::id.eq(root.id)),
        };
    }
    match after {
        Some(after) => query.filter(areas::code.gt(after.to_owned())),
        None => query,
    }
}

/// The cities of a province.
pub fn cities(c: &mut DbConn, province: Uid) -> AppResult<Vec<Uid>> {
    Ok(areas::table
        .filter(areas::level.eq(AreaLevel::City))
        .filter(areas::province.eq(province))
        .select(areas::id)
        .load(c)?)
}

/// The counties that a province, city or county covers.
pub fn counties(c: &mut DbConn, area: &AreaRow) -> AppResult<Vec<Uid>> {
    let query = areas::table
        .filter(areas::level.eq(AreaLevel::County))
        .select(areas::id)
        .into_boxed();
    Ok(match area.level {
        AreaLevel::Province => query.filter(areas::province.eq(area.id)).load(c)?,
        AreaLevel::City => query.filter(areas::city.eq(area.id)).load(c)?,
        _ => area.county.into_iter().collect(),
    })
}
