//! All SQL that counts members.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::associations::model::AssociationRow;
use crate::auth::{Handle, Place};
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
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
    members: i64,
    #[diesel(sql_type = BigInt)]
    backbone: i64,
}

#[derive(QueryableByName)]
struct Two {
    #[diesel(sql_type = BigInt)]
    members: i64,
    #[diesel(sql_type = BigInt)]
    backbone: i64,
}

/// The members whose associations stand at a place.
pub struct AtPlace {
    pub place: Place,
    pub members: u64,
    pub backbone: u64,
}

fn times(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Each person once, the newest of their memberships; of members of a municipal association, which is in no county,
/// the place where the person is.
pub fn at_places_sql() -> String {
    "SELECT s.county, s.town, s.village, COUNT(*) AS members, \
     CAST(COALESCE(SUM(s.backbone), 0) AS BIGINT) AS backbone FROM (SELECT COALESCE(m.county, p.county) AS county, \
     CASE WHEN m.county IS NULL THEN p.town ELSE m.town END AS town, \
     CASE WHEN m.county IS NULL THEN p.village ELSE m.village END AS village, \
     CASE WHEN EXISTS (SELECT 1 FROM memberships b WHERE b.person_id = m.person_id AND b.left_on IS NULL \
     AND b.backbone_since IS NOT NULL) THEN 1 ELSE 0 END AS backbone \
     FROM memberships m JOIN persons p ON p.id = m.person_id WHERE m.left_on IS NULL AND p.state = 'active' \
     AND NOT EXISTS (SELECT 1 FROM memberships n WHERE n.person_id = m.person_id AND n.left_on IS NULL \
     AND n.id > m.id)) s JOIN areas a ON a.id = s.county WHERE a.province = $1 \
     GROUP BY s.county, s.town, s.village"
        .to_owned()
}

/// Members at the places of a province.
pub fn at_places(c: &mut DbConn, province: Uid) -> AppResult<Vec<AtPlace>> {
    let rows: Vec<Row> = diesel::sql_query(at_places_sql())
        .bind::<UidSql, _>(province)
        .load(c)?;
    let at = |row: Row| AtPlace {
        place: Place {
            county: row.county,
            town: row.town,
            village: row.village,
        },
        members: times(row.members),
        backbone: times(row.backbone),
    };
    Ok(rows.into_iter().map(at).collect())
}

const OF_THEM: &str = "SELECT COUNT(DISTINCT m.person_id) AS members, \
     COUNT(DISTINCT CASE WHEN m.backbone_since IS NOT NULL THEN m.person_id END) AS backbone \
     FROM memberships m JOIN persons p ON p.id = m.person_id \
     WHERE m.left_on IS NULL AND p.state = 'active' AND m.association_id";

/// Members and those of the backbone among them.
pub type Counts = (u64, u64);

/// Of the association itself.
pub fn own(c: &mut DbConn, association: &Handle<AssociationRow>) -> AppResult<Counts> {
    let two: Two = diesel::sql_query(format!("{OF_THEM} = $1"))
        .bind::<UidSql, _>(association.id)
        .get_result(c)?;
    Ok((times(two.members), times(two.backbone)))
}

/// Of the association and whatever stands under it, each person once.
pub fn with_parts(c: &mut DbConn, association: &Handle<AssociationRow>) -> AppResult<Counts> {
    let sql = format!(
        "{OF_THEM} IN (WITH RECURSIVE sub(id) AS (SELECT r.id FROM associations r WHERE r.id = $1 \
         UNION SELECT a.id FROM associations a JOIN sub ON a.parent_id = sub.id) SELECT id FROM sub)"
    );
    let two: Two = diesel::sql_query(sql)
        .bind::<UidSql, _>(association.id)
        .get_result(c)?;
    Ok((times(two.members), times(two.backbone)))
}
