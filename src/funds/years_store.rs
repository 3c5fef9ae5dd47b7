//! All SQL about years that are closed.

use diesel::prelude::*;

use crate::db::schema::frozen_years;
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;

pub fn frozen(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let row = frozen_years::table.find((association, year));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(c)?)
}

/// Whether this year is closed, or any after it.
pub fn frozen_from(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let rows = frozen_years::table
        .filter(frozen_years::association_id.eq(association))
        .filter(frozen_years::year.ge(year));
    Ok(diesel::select(diesel::dsl::exists(rows)).get_result(c)?)
}

/// A year that is closed already stays closed as it was.
pub fn freeze(
    c: &mut DbConn,
    association: Uid,
    year: i64,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    let row = (
        frozen_years::association_id.eq(association),
        frozen_years::year.eq(year),
        frozen_years::frozen_at.eq(at.0),
        frozen_years::frozen_by.eq(by),
    );
    each_backend!(c, |c| diesel::insert_into(frozen_years::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
