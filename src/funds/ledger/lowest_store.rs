//! All SQL of what was left of money, day by day.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

use crate::associations::model::AssociationRow;
use crate::auth::Handle;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::funds::sources::FundSource;

/// The least that was left, by debits less credits, at the end of a day and of every later one on which something was
/// booked: of one account, or of all assets of one source. Its text is fixed, so that each connection prepares it once:
/// to plan it took PostgreSQL longer than to answer.
struct Lowest<const OF_SOURCE: bool> {
    day: Day,
    association: Uid,
    /// The account or the source.
    named: String,
}

impl<const OF_SOURCE: bool> QueryId for Lowest<OF_SOURCE> {
    type QueryId = Lowest<OF_SOURCE>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const OF_SOURCE: bool> Query for Lowest<OF_SOURCE> {
    type SqlType = BigInt;
}

impl<Conn, const OF_SOURCE: bool> RunQueryDsl<Conn> for Lowest<OF_SOURCE> {}

impl<DB, const OF_SOURCE: bool> QueryFragment<DB> for Lowest<OF_SOURCE>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<UidSql>,
    Day: ToSql<Text, DB>,
    Uid: ToSql<UidSql, DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT CAST(MIN(r.fen) AS BIGINT) AS fen FROM (SELECT SUM(d.moved) OVER (ORDER BY d.on_day) AS fen FROM (\
             SELECT u.on_day, SUM(u.moved) AS moved FROM (SELECT ",
        );
        out.push_bind_param::<Text, _>(&self.day)?;
        out.push_sql(" AS on_day, 0 AS moved UNION ALL SELECT CASE WHEN e.booked_on < ");
        out.push_bind_param::<Text, _>(&self.day)?;
        out.push_sql(" THEN ");
        out.push_bind_param::<Text, _>(&self.day)?;
        out.push_sql(
            " ELSE e.booked_on END AS on_day, CASE WHEN l.side = 'debit' THEN l.amount ELSE -l.amount END AS moved \
             FROM fund_entries e JOIN fund_lines l ON l.entry_id = e.id JOIN fund_accounts a ON a.code = l.account \
             WHERE e.association_id = ",
        );
        out.push_bind_param::<UidSql, _>(&self.association)?;
        out.push_sql(match OF_SOURCE {
            true => " AND a.class = 'asset' AND e.source = ",
            false => " AND l.account = ",
        });
        out.push_bind_param::<Text, _>(&self.named)?;
        out.push_sql(") u GROUP BY u.on_day) d) r");
        Ok(())
    }
}

/// Of one account.
pub fn lowest_of_account(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    account: &str,
    day: Day,
) -> AppResult<i64> {
    let asked = Lowest::<false> {
        day,
        association: association.id,
        named: account.to_owned(),
    };
    Ok(each_backend!(c, |c| asked.get_result(c))?)
}

/// Of all assets of one source.
pub fn lowest_of_source(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    source: FundSource,
    day: Day,
) -> AppResult<i64> {
    let asked = Lowest::<true> {
        day,
        association: association.id,
        named: source.as_str().to_owned(),
    };
    Ok(each_backend!(c, |c| asked.get_result(c))?)
}
