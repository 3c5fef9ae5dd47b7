//! All SQL of the statistics of liaison: notices of a quarter, by place and how they were answered.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::model::LiaisonSide;
use crate::auth::Place;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    #[diesel(sql_type = Text)]
    side: String,
    #[diesel(sql_type = Text)]
    how: String,
    #[diesel(sql_type = BigInt)]
    times: i64,
}

/// So many notices at a place, of one side's copies.
#[derive(Debug)]
pub struct Counted {
    pub place: Place,
    pub side: LiaisonSide,
    pub how: How,
    pub times: u64,
}

/// What became of a notice, as it stood when the quarter ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was sent in the quarter.
    Sent,
    InTime,
    Late,
    Open,
}

/// Of a province: notices sent between two days. An acknowledgement is an answer and counts as none.
pub fn sent_sql() -> String {
    "SELECT n.county, n.town, n.village, n.side, 'sent' AS how, COUNT(*) AS times \
     FROM areas a JOIN liaison_notices n ON n.county = a.id \
     WHERE a.level = 'county' AND a.province = $1 AND n.sent_on >= $2 AND n.sent_on <= $3 \
     AND n.kind <> 'acknowledgement' GROUP BY n.county, n.town, n.village, n.side"
        .to_owned()
}

/// Of a province: notices whose answer was due between two days. One whose consent was withdrawn before anybody
/// answered has no answer that could be late.
pub fn due_sql() -> String {
    "SELECT n.county, n.town, n.village, n.side, \
     CASE WHEN n.answered_on <= n.due_on THEN 'in_time' WHEN n.answered_on <= $1 THEN 'late' ELSE 'open' END AS how, \
     COUNT(*) AS times \
     FROM areas a JOIN liaison_notices n ON n.county = a.id \
     WHERE a.level = 'county' AND a.province = $2 AND n.due_on >= $3 AND n.due_on <= $1 \
     AND n.kind <> 'acknowledgement' \
     AND NOT (n.answered_on IS NULL AND COALESCE(n.closed_because, '') IN ('consent_withdrawn','moved_on')) \
     GROUP BY n.county, n.town, n.village, n.side, how"
        .to_owned()
}

/// Everything that is counted of a province between two days.
pub fn counted(
    c: &mut DbConn,
    province: Uid,
    (first, last): (Day, Day),
) -> AppResult<Vec<Counted>> {
    let (first, last) = (first.to_string(), last.to_string());
    let sent = diesel::sql_query(sent_sql())
        .bind::<UidSql, _>(province)
        .bind::<Text, _>(&first)
        .bind::<Text, _>(&last)
        .load::<Row>(c)?;
    let due = diesel::sql_query(due_sql())
        .bind::<Text, _>(&last)
        .bind::<UidSql, _>(province)
        .bind::<Text, _>(&first)
        .load::<Row>(c)?;
    let of = |row: Row| Counted {
        place: Place {
            county: row.county,
            town: row.town,
            village: row.village,
        },
        side: match row.side.as_str() {
            "out" => LiaisonSide::Out,
            _ => LiaisonSide::In,
        },
        how: match row.how.as_str() {
            "sent" => How::Sent,
            "in_time" => How::InTime,
            "late" => How::Late,
            _ => How::Open,
        },
        times: u64::try_from(row.times).unwrap_or(0),
    };
    Ok(sent.into_iter().chain(due).map(of).collect())
}
