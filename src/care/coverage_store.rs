//! All SQL that counts families in care, by place. Those of which nobody agrees any more are not counted.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

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
    #[diesel(sql_type = BigInt)]
    families: i64,
    #[diesel(sql_type = BigInt)]
    contacts: i64,
    #[diesel(sql_type = BigInt)]
    doctor: i64,
    #[diesel(sql_type = BigInt)]
    channel: i64,
    #[diesel(sql_type = BigInt)]
    visited: i64,
}

/// The special families at a place, and how many of them have what they are to have.
#[derive(Debug)]
pub struct AtPlace {
    pub place: Place,
    pub families: u64,
    /// With two contacts, a family doctor, a green channel, a visit since a day.
    pub with: [u64; 4],
}

/// Special families of a province that are in care.
pub fn at_places(c: &mut DbConn, province: Uid, since: Day) -> AppResult<Vec<AtPlace>> {
    let agrees = super::families::store::AGREES;
    let sql = format!(
        "SELECT h.county, h.town, h.village, COUNT(*) AS families, \
         CAST(SUM(CASE WHEN care_families.township_contact IS NOT NULL AND care_families.village_contact IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS contacts, \
         CAST(SUM(CASE WHEN care_families.doctor_since IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS doctor, \
         CAST(SUM(CASE WHEN care_families.channel_since IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS channel, \
         CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM care_visits v WHERE v.family_id = care_families.id AND v.visited_on >= $1) THEN 1 ELSE 0 END) AS BIGINT) AS visited \
         FROM care_families JOIN households h ON h.id = care_families.household_id JOIN areas a ON a.id = h.county \
         WHERE a.province = $2 AND h.state = 'active' AND care_families.special_since IS NOT NULL \
         AND care_families.ended_on IS NULL AND {agrees} GROUP BY h.county, h.town, h.village"
    );
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Text, _>(since)
        .bind::<UidSql, _>(province)
        .load(c)?;
    let times = |n: i64| u64::try_from(n).unwrap_or(0);
    let at = |row: Row| AtPlace {
        place: Place {
            county: row.county,
            town: row.town,
            village: row.village,
        },
        families: times(row.families),
        with: [row.contacts, row.doctor, row.channel, row.visited].map(times),
    };
    Ok(rows.into_iter().map(at).collect())
}
