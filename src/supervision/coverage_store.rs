//! All SQL of coverage, by place: homes and those visited, households with follow-ups overdue, opinions and needs
//! that wait for an answer. Each looks at the area that is asked for, and at no wider one.

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

/// What was counted at a place: so many, and so many of them.
#[derive(Debug)]
pub struct Counted {
    pub place: Place,
    pub all: u64,
    pub of_them: u64,
}

impl From<Row> for Counted {
    fn from(row: Row) -> Counted {
        let times = |n: i64| u64::try_from(n).unwrap_or(0);
        Counted {
            place: Place {
                county: row.county,
                town: row.town,
                village: row.village,
            },
            all: times(row.one),
            of_them: times(row.other),
        }
    }
}

/// The counties of a province, those that are no more too.
pub fn counties_of(c: &mut DbConn, province: Uid) -> AppResult<Vec<AreaRow>> {
    Ok(areas::table
        .filter(areas::level.eq(AreaLevel::County))
        .filter(areas::province.eq(province))
        .select(AreaRow::as_select())
        .load(c)?)
}

/// Records `r` of counties `a` that are in the area `$n`, which is of this level. A county is always looked for by
/// its id: the indexes begin with it.
fn within(level: AreaLevel, n: usize) -> String {
    let narrow = |column: &str| {
        format!("a.id = (SELECT x.county FROM areas x WHERE x.id = ${n}) AND r.{column} = ${n}")
    };
    let within = match level {
        AreaLevel::Province => format!("a.province = ${n}"),
        AreaLevel::City => format!("a.city = ${n}"),
        AreaLevel::County => format!("a.id = ${n}"),
        AreaLevel::Town => narrow("town"),
        AreaLevel::Village => narrow("village"),
    };
    format!("a.level = 'county' AND {within}")
}

/// Homes that were open on any day between two, and those of them where somebody was between these and said so.
pub fn homes_sql(level: AreaLevel) -> String {
    format!(
        "SELECT r.county, r.town, r.village, COUNT(*) AS one, \
         CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM visits v WHERE v.member_home_id = r.id \
         AND v.visit_day >= $1 AND v.visit_day <= $2 AND v.state IN ('submitted','confirmed')) THEN 1 ELSE 0 END), 0) \
         AS BIGINT) AS other FROM areas a JOIN member_homes r ON r.county = a.id WHERE {} \
         AND EXISTS (SELECT 1 FROM home_openings o WHERE o.home_id = r.id AND o.opened_on <= $2 \
         AND (o.closed_on IS NULL OR o.closed_on >= $1)) GROUP BY r.county, r.town, r.village",
        within(level, 3)
    )
}

/// Households of which somebody agrees to be come back to, with a follow-up past its day; each where it lives.
pub fn overdue_sql(level: AreaLevel) -> String {
    format!(
        "SELECT h.county, h.town, h.village, COUNT(DISTINCT h.id) AS one, CAST(0 AS BIGINT) AS other \
         FROM areas a JOIN follow_ups r ON r.county = a.id JOIN households h ON h.id = r.household_id \
         WHERE r.closed_at IS NULL AND r.due_on < $1 AND r.published = TRUE AND {} \
         AND EXISTS (SELECT 1 FROM persons s JOIN consents k ON k.person_id = s.id \
         WHERE s.household_id = r.household_id AND s.state = 'active' AND k.purpose = 'service_follow_up' \
         AND k.withdrawn_at IS NULL AND k.refused = FALSE) GROUP BY h.county, h.town, h.village",
        within(level, 2)
    )
}

/// Opinions and needs without an answer, and those of them past their day.
pub fn unanswered_sql(level: AreaLevel) -> String {
    format!(
        "SELECT r.county, r.town, r.village, COUNT(*) AS one, \
         CAST(COALESCE(SUM(CASE WHEN r.due_on < $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS other \
         FROM areas a JOIN concerns r ON r.county = a.id WHERE r.answered_on IS NULL AND {} \
         GROUP BY r.county, r.town, r.village",
        within(level, 2)
    )
}

pub fn homes(c: &mut DbConn, area: &AreaRow, (first, last): (Day, Day)) -> AppResult<Vec<Counted>> {
    let rows: Vec<Row> = diesel::sql_query(homes_sql(area.level))
        .bind::<Text, _>(first.to_string())
        .bind::<Text, _>(last.to_string())
        .bind::<UidSql, _>(area.id)
        .load(c)?;
    Ok(rows.into_iter().map(Counted::from).collect())
}

pub fn households_overdue(c: &mut DbConn, area: &AreaRow, today: Day) -> AppResult<Vec<Counted>> {
    today_in(c, overdue_sql(area.level), area, today)
}

pub fn unanswered(c: &mut DbConn, area: &AreaRow, today: Day) -> AppResult<Vec<Counted>> {
    today_in(c, unanswered_sql(area.level), area, today)
}

fn today_in(c: &mut DbConn, sql: String, area: &AreaRow, today: Day) -> AppResult<Vec<Counted>> {
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Text, _>(today.to_string())
        .bind::<UidSql, _>(area.id)
        .load(c)?;
    Ok(rows.into_iter().map(Counted::from).collect())
}
