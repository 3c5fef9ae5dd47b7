//! All SQL of finding what was written by a clock that was ahead, and of putting it right.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::model::{DeliveryState, Lane};
use super::store::open_sql;
use crate::auth::model::PushProvider;
use crate::db::schema::deliveries;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Clocks differ by this and nobody minds.
pub const SLACK: i64 = 30 * Micros::SECOND;
/// Put right in one write.
const BATCH: i64 = 1_000;

/// Some of what waits until an instant ahead and was written in the future. `$1` that future, `$2` limit. It reads
/// what waits until then and nothing of what is due.
pub fn ahead_sql(sqlite: bool) -> String {
    let providers: Vec<String> = PushProvider::ALL
        .iter()
        .map(|p| format!("'{}'", p.as_str()))
        .collect();
    let lanes = Lane::ALL.map(|lane| lane.ordinal().to_string());
    format!(
        "SELECT id FROM deliveries WHERE provider IN ({}) AND lane IN ({}) AND next_at > $1 AND updated_at > $1 \
         AND {} LIMIT $2",
        providers.join(","),
        lanes.join(","),
        open_sql(sqlite)
    )
}

/// Some of what was written in the future and waits by it.
pub fn written_ahead(c: &mut DbConn, now: Micros) -> AppResult<Vec<Uid>> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = UidSql)]
        id: Uid,
    }
    let rows: Vec<Id> = diesel::sql_query(ahead_sql(c.is_sqlite()))
        .bind::<BigInt, _>(now.plus(SLACK).0)
        .bind::<BigInt, _>(BATCH)
        .load(c)?;
    Ok(rows.into_iter().map(|r| r.id).collect())
}

/// They wait from now as long as they were to wait from then. Fences stay: who holds one of them ends it.
pub fn put_right(c: &mut DbConn, ids: &[Uid], now: Micros) -> AppResult<usize> {
    let wait = deliveries::next_at - deliveries::updated_at + now.0;
    let still = deliveries::table
        .filter(deliveries::id.eq_any(ids.to_vec()))
        .filter(deliveries::updated_at.gt(now.plus(SLACK).0))
        .filter(deliveries::state.eq_any(DeliveryState::OPEN));
    Ok(diesel::update(still)
        .set((
            deliveries::next_at.eq(wait),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?)
}
