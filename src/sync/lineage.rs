//! Whether a cursor is of this database's past: a restore is detected, not declared.
use diesel::prelude::*;

use crate::db::schema::feed_lineage as l;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};

pub fn newest(c: &mut DbConn) -> AppResult<Uid> {
    l::table.order((l::at.desc(), l::start_pos.desc(), l::id.desc())).select(l::id).first(c).optional()?
        .ok_or_else(|| AppError::internal("a feed without a lineage"))
}
pub fn holds(c: &mut DbConn, lineage: Uid, pos: i64) -> AppResult<bool> {
    let Some((at, start)): Option<(i64, i64)> = l::table.find(lineage).select((l::at, l::start_pos)).first(c).optional()? else { return Ok(false) };
    let next: Option<i64> = l::table
        .filter(l::at.gt(at).or(l::at.eq(at).and(l::start_pos.gt(start))))
        .order((l::at, l::start_pos)).select(l::start_pos).first(c).optional()?;
    Ok(next.is_none_or(|start| pos <= start))
}
pub fn restored_at(c: &mut DbConn) -> AppResult<Micros> {
    let at: Option<i64> = l::table.order((l::at.desc(), l::start_pos.desc())).select(l::at).offset(1).first(c).optional()?;
    Ok(Micros(at.unwrap_or(0)))
}
