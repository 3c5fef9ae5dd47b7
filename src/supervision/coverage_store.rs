//! All SQL of coverage: homes and those visited, households with follow-ups overdue, by place.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::Place;
use crate::db::schema::areas;
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
    #[diesel(sql_type = BigInt)]
    one: i64,
    #[diesel(sql_type = BigInt)]
    other: i64,
}

impl Row {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
}

/// The homes at a place.
#[derive(Debug)]
pub struct Homes {
    pub place: Place,
    pub homes: u64,
    pub visited: u64,
}

/// The counties of a province, those that are no more too.
pub fn counties_of(c: &mut DbConn, province: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(areas::level.eq(AreaLevel::County))
        .filter(areas::province.eq(province))
        .select(AreaRow::as_select())
        .load(c)?)
}

fn times(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Of a province: between two days somebody was there, and said so.
pub fn homes_sql() -> String {
    "SELECT h.county, h.town, h.village, COUNT(*) AS one, \
     CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM visits v WHERE v.member_home_id = h.id \
     AND v.visit_day >= $1 AND v.visit_day <= $2 AND v.state IN ('submitted','confirmed')) THEN 1 ELSE 0 END), 0) \
     AS BIGINT) AS other FROM areas a JOIN member_homes h ON h.county = a.id \
     WHERE a.level = 'county' AND a.province = $3 AND h.state = 'open' GROUP BY h.county, h.town, h.village"
        .to_owned()
}

/// Of a province: households of which somebody agrees to be come back to, with a follow-up past its day.
pub fn overdue_sql() -> String {
    "SELECT f.county, f.town, f.village, COUNT(DISTINCT f.household_id) AS one, CAST(0 AS BIGINT) AS other \
     FROM areas a JOIN follow_ups f ON f.county = a.id \
     WHERE f.closed_at IS NULL AND f.due_on < $1 AND f.published = TRUE AND f.household_id IS NOT NULL \
     AND a.level = 'county' AND a.province = $2 AND EXISTS (SELECT 1 FROM persons s JOIN consents k ON k.person_id = s.id \
     WHERE s.household_id = f.household_id AND s.state = 'active' AND k.purpose = 'service_follow_up' \
     AND k.withdrawn_at IS NULL AND k.refused = FALSE) GROUP BY f.county, f.town, f.village"
        .to_owned()
}

pub fn homes(c: &mut DbConn, province: Uid, (first, last): (Day, Day)) -> AppResult<Vec<Homes>> {
    let rows: Vec<Row> = diesel::sql_query(homes_sql())
        .bind::<Text, _>(first.to_string())
        .bind::<Text, _>(last.to_string())
        .bind::<UidSql, _>(province)
        .load(c)?;
    let homes = rows.into_iter().map(|row| Homes {
        place: row.place(),
        homes: times(row.one),
        visited: times(row.other),
    });
    Ok(homes.collect())
}

pub fn households_overdue(
    c: &mut DbConn,
    province: Uid,
    today: Day,
) -> AppResult<Vec<(Place, u64)>> {
    let rows: Vec<Row> = diesel::sql_query(overdue_sql())
        .bind::<Text, _>(today.to_string())
        .bind::<UidSql, _>(province)
        .load(c)?;
    let rows = rows.into_iter().map(|row| (row.place(), times(row.one)));
    Ok(rows.collect())
}
