//! All SQL that counts programmes, projects and lessons of an area's associations.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::CareProgrammeKind;
use crate::areas::model::AreaRow;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn};
use crate::error::AppResult;
use crate::funds::statistics_store::within;

#[derive(Debug, QueryableByName)]
pub struct OfKind {
    #[diesel(sql_type = Text)]
    pub kind: CareProgrammeKind,
    #[diesel(sql_type = BigInt)]
    pub associations: i64,
    #[diesel(sql_type = BigInt)]
    pub active: i64,
    #[diesel(sql_type = BigInt)]
    pub projects: i64,
    #[diesel(sql_type = BigInt)]
    pub budget: i64,
}

/// By kind, of a year.
pub fn programmes(c: &mut DbConn, area: &AreaRow, year: i64) -> AppResult<Vec<OfKind>> {
    let sql = format!(
        "SELECT s.kind, COUNT(*) AS associations, CAST(SUM(CASE WHEN s.ended_on IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS active, \
         CAST(SUM(s.projects) AS BIGINT) AS projects, CAST(SUM(s.budget) AS BIGINT) AS budget FROM (SELECT p.kind, p.ended_on, \
         (SELECT COUNT(*) FROM care_projects r WHERE r.programme_id = p.id) AS projects, \
         (SELECT COALESCE(SUM(r.budget), 0) FROM care_projects r WHERE r.programme_id = p.id) AS budget \
         FROM areas a JOIN care_programmes p ON p.area_id = a.id WHERE a.{} = $1 AND p.year = $2) s GROUP BY s.kind",
        within(area.level)
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(area.id)
        .bind::<BigInt, _>(year)
        .load(c)?)
}

#[derive(Debug, QueryableByName)]
pub struct Lessons {
    #[diesel(sql_type = BigInt)]
    pub sessions: i64,
    #[diesel(sql_type = BigInt)]
    pub participants: i64,
}

/// Lessons that were held between two days.
pub fn sessions(c: &mut DbConn, area: &AreaRow, first: Day, last: Day) -> AppResult<Lessons> {
    let sql = format!(
        "SELECT COUNT(*) AS sessions, CAST(COALESCE(SUM(s.participants), 0) AS BIGINT) AS participants \
         FROM areas a JOIN care_sessions s ON s.area_id = a.id WHERE a.{} = $1 AND s.held_on >= $2 AND s.held_on <= $3 \
         AND s.cancelled_at IS NULL",
        within(area.level)
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(area.id)
        .bind::<Text, _>(first)
        .bind::<Text, _>(last)
        .get_result(c)?)
}
