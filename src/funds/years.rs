//! Years that are closed for an association: whoever freezes its assessment closes the year, and nothing is booked
//! into it any more.

use super::years_store as store;
use crate::associations::model::AssociationRow;
use crate::auth::Handle;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};

/// Whether a year is closed for an association.
pub fn frozen(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    store::frozen(c, association, year)
}

/// Closes a year for an association, once: the association is locked, so that no entry of before comes in behind it.
pub fn freeze(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    year: i64,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    store::freeze(c, association.id, year, by, at)
}

/// The same for all of these; answers for how many it was not closed yet.
pub fn freeze_all(
    c: &mut DbConn,
    associations: &[Handle<AssociationRow>],
    year: i64,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<usize> {
    let ids: Vec<Uid> = associations.iter().map(|one| one.id).collect();
    store::freeze_all(c, &ids, year, by, at)
}

/// Refuses what is of a year that is closed.
pub fn refuse_frozen(c: &mut DbConn, association: Uid, year: i64, at: &str) -> AppResult<()> {
    match frozen(c, association, year)? {
        true => Err(year_frozen(at)),
        false => Ok(()),
    }
}

/// Refuses what would be booked into a closed year or before one: what was left at the end of a closed year rests on
/// all that was booked until then.
pub fn refuse_behind_frozen(c: &mut DbConn, association: Uid, day: Day, at: &str) -> AppResult<()> {
    match store::frozen_from(c, association, year_of(day))? {
        true => Err(year_frozen(at)),
        false => Ok(()),
    }
}

pub fn year_frozen(at: &str) -> AppError {
    AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new(at, Fault::NotFitting)],
        ..Problem::new(Code::YearFrozen)
    }))
}

pub fn year_of(day: Day) -> i64 {
    i64::from(day.0.year())
}
