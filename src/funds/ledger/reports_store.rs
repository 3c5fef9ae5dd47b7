//! All SQL that adds the ledger up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::associations::model::AssociationRow;
use crate::auth::Handle;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn};
use crate::error::AppResult;
use crate::funds::accounts::AccountClass;
use crate::funds::sources::FundSource;

/// What was booked on an account, on each side.
#[derive(Debug, QueryableByName)]
pub struct OfAccount {
    #[diesel(sql_type = Text)]
    pub account: String,
    #[diesel(sql_type = Text)]
    pub class: AccountClass,
    #[diesel(sql_type = BigInt)]
    pub debit: i64,
    #[diesel(sql_type = BigInt)]
    pub credit: i64,
}

const SIDES: &str = "CAST(SUM(CASE WHEN l.side = 'debit' THEN l.amount ELSE 0 END) AS BIGINT) AS debit, \
     CAST(SUM(CASE WHEN l.side = 'credit' THEN l.amount ELSE 0 END) AS BIGINT) AS credit";

/// By account, up to a day.
pub fn by_account(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    until: Day,
) -> AppResult<Vec<OfAccount>> {
    let sql = format!(
        "SELECT l.account, a.class, {SIDES} FROM fund_entries e JOIN fund_lines l ON l.entry_id = e.id \
         JOIN fund_accounts a ON a.code = l.account \
         WHERE e.association_id = $1 AND e.booked_on <= $2 GROUP BY l.account, a.class ORDER BY l.account"
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(association.id)
        .bind::<Text, _>(until)
        .load(c)?)
}

/// What was booked on an account of a source in a month, or before the year.
#[derive(Debug, QueryableByName)]
pub struct OfMonth {
    #[diesel(sql_type = Text)]
    pub account: String,
    #[diesel(sql_type = Text)]
    pub source: FundSource,
    /// `01` to `12`; empty for all that was before.
    #[diesel(sql_type = Text)]
    pub month: String,
    #[diesel(sql_type = BigInt)]
    pub debit: i64,
    #[diesel(sql_type = BigInt)]
    pub credit: i64,
}

/// By account and source, month by month of a year.
pub fn by_month(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    first: Day,
    last: Day,
) -> AppResult<Vec<OfMonth>> {
    let month = "CASE WHEN e.booked_on < $1 THEN '' ELSE substr(e.booked_on, 6, 2) END";
    let sql = format!(
        "SELECT s.account, s.source, s.month, CAST(SUM(s.debit) AS BIGINT) AS debit, \
         CAST(SUM(s.credit) AS BIGINT) AS credit FROM (SELECT l.account, e.source, {month} AS month, \
         CASE WHEN l.side = 'debit' THEN l.amount ELSE 0 END AS debit, \
         CASE WHEN l.side = 'credit' THEN l.amount ELSE 0 END AS credit \
         FROM fund_entries e JOIN fund_lines l ON l.entry_id = e.id \
         WHERE e.association_id = $2 AND e.booked_on <= $3) s \
         GROUP BY s.account, s.source, s.month ORDER BY s.account, s.source, s.month"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Text, _>(first)
        .bind::<UidSql, _>(association.id)
        .bind::<Text, _>(last)
        .load(c)?)
}
