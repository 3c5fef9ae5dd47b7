//! All SQL that adds up the funds of an area's associations.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::areas::model::{AreaLevel, AreaRow};
use crate::db::types::UidSql;
use crate::db::{Day, DbConn};
use crate::error::AppResult;
use crate::funds::accounts::{AccountClass, SpentOn};
use crate::funds::sources::FundSource;

/// What came in of a source, or was spent on something, in a month.
#[derive(Debug, QueryableByName)]
pub struct Moved {
    #[diesel(sql_type = Text)]
    pub source: FundSource,
    #[diesel(sql_type = Text)]
    pub class: AccountClass,
    #[diesel(sql_type = Nullable<Text>)]
    pub spent_on: Option<SpentOn>,
    #[diesel(sql_type = Text)]
    pub month: String,
    /// Credits less debits.
    #[diesel(sql_type = BigInt)]
    pub credit: i64,
}

/// The column of areas that names what is within one of a level.
pub fn within(level: AreaLevel) -> &'static str {
    match level {
        AreaLevel::Province => "province",
        AreaLevel::City => "city",
        AreaLevel::County => "county",
        AreaLevel::Town => "town",
        AreaLevel::Village => "village",
    }
}

/// Income and expenses of the associations that stand in an area, month by month.
pub fn moved(c: &mut DbConn, area: &AreaRow, first: Day, last: Day) -> AppResult<Vec<Moved>> {
    let sql = format!(
        "SELECT e.source, k.class, k.spent_on, substr(e.booked_on, 6, 2) AS month, \
         CAST(SUM(CASE WHEN l.side = 'credit' THEN l.amount ELSE -l.amount END) AS BIGINT) AS credit \
         FROM areas a JOIN fund_entries e ON e.area_id = a.id JOIN fund_lines l ON l.entry_id = e.id \
         JOIN fund_accounts k ON k.code = l.account WHERE a.{} = $1 AND e.booked_on >= $2 AND e.booked_on <= $3 \
         AND k.class IN ('income','expense') GROUP BY e.source, k.class, k.spent_on, substr(e.booked_on, 6, 2)",
        within(area.level)
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(area.id)
        .bind::<Text, _>(first)
        .bind::<Text, _>(last)
        .load(c)?)
}
