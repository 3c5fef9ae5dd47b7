//! All SQL about checks.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::village_checks;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::{village_cancel, village_lookups, village_rows};

village_lookups!(village_checks, CheckRow);
village_cancel!(village_checks, CheckRow);

/// The handle of what was looked at is the right to it.
pub fn insert(
    c: &mut DbConn,
    _implementation: &Handle<ImplementationRow>,
    row: &CheckRow,
) -> AppResult<()> {
    diesel::insert_into(village_checks::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The checks of these that count.
pub fn of(c: &mut DbConn, implementations: &[Uid], most: i64) -> AppResult<Vec<CheckRow>> {
    Ok(village_checks::table
        .filter(village_checks::implementation_id.eq_any(implementations.to_vec()))
        .filter(village_checks::cancelled_at.is_null())
        .select(CheckRow::as_select())
        .order(village_checks::id)
        .limit(most)
        .load(c)?)
}

/// When somebody last found that it was not done.
pub fn last_fault(c: &mut DbConn, implementation: Uid) -> AppResult<Option<Day>> {
    Ok(village_checks::table
        .filter(village_checks::implementation_id.eq(implementation))
        .filter(village_checks::cancelled_at.is_null())
        .filter(village_checks::finding.ne(CheckFinding::InOrder))
        .select(diesel::dsl::max(village_checks::checked_on))
        .first(c)?)
}

/// A page of the checks in the caller's villages, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<CheckRow>> {
    let query = village_rows!(village_checks, CheckRow, checked_on, scope, filter, page);
    Ok(query.load(c)?)
}
