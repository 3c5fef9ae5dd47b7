//! All SQL about areas.

use diesel::prelude::*;

use super::model::{AreaLevel, AreaRow};
use crate::db::schema::areas;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};

pub fn by_code(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    Ok(areas::table
        .filter(areas::code.eq(code))
        .select(AreaRow::as_select())
        .first(c)
        .optional()?)
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
    let area = by_code(c, code)?.ok_or_else(|| AppError::field(pointer, Fault::NoSuchArea))?;
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
) -> AppResult<Vec<AreaRow>> {
    let mut query = areas::table
        .select(AreaRow::as_select())
        .order(areas::code)
        .limit(limit)
        .into_boxed();
    query = match parent {
        Some(parent) => query.filter(areas::parent_id.eq(parent)),
        None => query.filter(areas::parent_id.is_null()),
    };
    if let Some(after) = after {
        query = query.filter(areas::code.gt(after.to_owned()));
    }
    Ok(query.load(c)?)
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
) -> AppResult<Vec<AreaRow>> {
    use diesel::dsl::sql;
    use diesel::sql_types::{Bool, Text};
    let holds = if c.is_sqlite() {
        "instr(name, "
    } else {
        "strpos(name, "
    };
    let mut query = areas::table
        .select(AreaRow::as_select())
        .filter(
            sql::<Bool>(holds)
                .bind::<Text, _>(text.to_owned())
                .sql(") > 0"),
        )
        .order(areas::code)
        .limit(limit)
        .into_boxed();
    if let Some(root) = root {
        let (from, to) = (root.code.clone(), format!("{}:", root.code));
        query = query
            .filter(areas::code.ge(from))
            .filter(areas::code.lt(to));
    }
    if let Some(after) = after {
        query = query.filter(areas::code.gt(after.to_owned()));
    }
    Ok(query.load(c)?)
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
