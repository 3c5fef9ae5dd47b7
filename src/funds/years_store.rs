//! All SQL about years that are closed.

use diesel::prelude::*;

use crate::db::schema::{associations, frozen_years};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{each_backend, first_kept};

/// The association is kept from being locked until the caller is through: whoever closes its year waits, and counts
/// afterwards.
pub fn frozen(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let kept = associations::table.find(association);
    let _: Option<Uid> = first_kept!(c, kept.select(associations::id)).optional()?;
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

#[derive(Insertable)]
#[diesel(table_name = frozen_years, treat_none_as_default_value = false)]
struct FrozenYear {
    association_id: Uid,
    year: i64,
    frozen_at: Micros,
    frozen_by: Option<Uid>,
}

/// Associations that are closed by one statement.
const AT_ONCE: usize = 500;

pub fn freeze_all(
    c: &mut DbConn,
    associations: &[Uid],
    year: i64,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<usize> {
    let mut closed = 0;
    for some in associations.chunks(AT_ONCE) {
        let row = |association: &Uid| FrozenYear {
            association_id: *association,
            year,
            frozen_at: at,
            frozen_by: by,
        };
        let rows: Vec<FrozenYear> = some.iter().map(row).collect();
        closed += each_backend!(c, |c| diesel::insert_into(frozen_years::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(closed)
}
