//! All SQL about the chart of accounts.

use diesel::prelude::*;

use super::accounts::{AccountRow, MOST};
use crate::db::DbConn;
use crate::db::schema::fund_accounts;
use crate::error::AppResult;

/// The chart, in the order of codes.
pub fn all(c: &mut DbConn) -> AppResult<Vec<AccountRow>> {
    Ok(fund_accounts::table
        .select(AccountRow::as_select())
        .order(fund_accounts::code)
        .limit(MOST)
        .load(c)?)
}

pub fn find(c: &mut DbConn, code: &str) -> AppResult<Option<AccountRow>> {
    Ok(fund_accounts::table
        .find(code.to_owned())
        .select(AccountRow::as_select())
        .first(c)
        .optional()?)
}

pub fn count(c: &mut DbConn) -> AppResult<i64> {
    Ok(fund_accounts::table.count().get_result(c)?)
}

/// Those of these codes that are accounts.
pub fn these(c: &mut DbConn, codes: Vec<String>) -> AppResult<Vec<AccountRow>> {
    Ok(fund_accounts::table
        .filter(fund_accounts::code.eq_any(codes))
        .select(AccountRow::as_select())
        .load(c)?)
}

pub fn insert(c: &mut DbConn, row: &AccountRow) -> AppResult<()> {
    diesel::insert_into(fund_accounts::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}
