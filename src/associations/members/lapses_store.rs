//! Who agreed to `membership` and is a member of nothing any more.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

#[derive(QueryableByName)]
struct Of {
    #[diesel(sql_type = UidSql)]
    person_id: Uid,
}

/// People who were members or held a post, agree still, and have nothing of the kind any more; since a moment.
const OF_NOTHING: &str = "SELECT e.person_id FROM (\
       SELECT person_id, updated_at FROM memberships WHERE left_on IS NOT NULL \
       UNION ALL \
       SELECT person_id, updated_at FROM posts WHERE ended_on IS NOT NULL AND person_id IS NOT NULL) e \
     WHERE EXISTS (SELECT 1 FROM consents k WHERE k.person_id = e.person_id AND k.purpose = 'membership' AND k.withdrawn_at IS NULL) \
       AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.person_id = e.person_id AND m.left_on IS NULL) \
       AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.person_id = e.person_id AND p.ended_on IS NULL) \
       AND NOT EXISTS (SELECT 1 FROM posts p JOIN retired_subsidies s ON s.post_id = p.id WHERE p.person_id = e.person_id AND s.until_on IS NULL)";

/// Some of those for whom that has been so since before this moment.
pub fn of_nothing(c: &mut DbConn, before: Micros, most: i64) -> AppResult<Vec<Uid>> {
    let sql = format!(
        "{OF_NOTHING} GROUP BY e.person_id HAVING MAX(e.updated_at) <= $1 ORDER BY e.person_id LIMIT $2"
    );
    let found: Vec<Of> = diesel::sql_query(sql)
        .bind::<BigInt, _>(before.0)
        .bind::<BigInt, _>(most)
        .load(c)?;
    Ok(found.into_iter().map(|one| one.person_id).collect())
}

/// Whether that is so of somebody.
pub fn is_of_nothing(c: &mut DbConn, person: Uid, before: Micros) -> AppResult<bool> {
    let sql = format!(
        "{OF_NOTHING} AND e.person_id = $1 GROUP BY e.person_id HAVING MAX(e.updated_at) <= $2"
    );
    let found: Vec<Of> = diesel::sql_query(sql)
        .bind::<UidSql, _>(person)
        .bind::<BigInt, _>(before.0)
        .load(c)?;
    Ok(!found.is_empty())
}
