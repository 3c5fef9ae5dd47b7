//! All SQL about the years of the closed source.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::accounts::AccountClass;
use super::sources::FundSource;
use crate::associations::model::AssociationRow;
use crate::auth::Handle;
use crate::db::schema::fund_fee_years;
use crate::db::types::UidSql;
use crate::db::{DbConn, Fen, Micros, Uid};
use crate::error::AppResult;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = fund_fee_years, treat_none_as_default_value = false)]
pub struct FeeYearRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub year: i64,
    pub total: Fen,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// The years of an association, in their order; there can be but eleven.
pub fn of(c: &mut DbConn, association: &Handle<AssociationRow>) -> AppResult<Vec<FeeYearRow>> {
    Ok(fund_fee_years::table
        .filter(fund_fee_years::association_id.eq(association.id))
        .select(FeeYearRow::as_select())
        .order(fund_fee_years::year)
        .load(c)?)
}

pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &FeeYearRow,
) -> AppResult<()> {
    diesel::insert_into(fund_fee_years::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The association, locked, is the right to it.
pub fn change(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &FeeYearRow,
    total: Fen,
    at: Micros,
) -> AppResult<()> {
    diesel::update(fund_fee_years::table.find(row.id))
        .set((
            fund_fee_years::total.eq(total),
            fund_fee_years::version.eq(row.version + 1),
            fund_fee_years::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// What was booked of the closed source as income in a month.
#[derive(Debug, QueryableByName)]
pub struct Allocated {
    /// `2018-03`.
    #[diesel(sql_type = Text)]
    pub month: String,
    #[diesel(sql_type = BigInt)]
    pub sum: i64,
}

pub fn allocated(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
) -> AppResult<Vec<Allocated>> {
    let sql = "SELECT substr(e.booked_on, 1, 7) AS month, \
         CAST(SUM(CASE WHEN l.side = 'credit' THEN l.amount ELSE -l.amount END) AS BIGINT) AS sum \
         FROM fund_entries e JOIN fund_lines l ON l.entry_id = e.id JOIN fund_accounts k ON k.code = l.account \
         WHERE e.association_id = $1 AND e.source = $2 AND k.class = $3 GROUP BY substr(e.booked_on, 1, 7)";
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(association.id)
        .bind::<Text, _>(FundSource::FormerFeeShare)
        .bind::<Text, _>(AccountClass::Income)
        .load(c)?)
}
