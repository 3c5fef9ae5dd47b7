//! Putting pushes into the outbox: part of the write that made the notification. And where they go, when a phone is
//! reached by another token.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::candidates_store::NO_LIVE_TOKEN;
use super::model::{DeliveryRow, DeliveryState, Lane};
use crate::auth::model::{PushProvider, PushState};
use crate::db::schema::{deliveries, devices};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;

/// A phone that a push can reach now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveDevice {
    pub user: Uid,
    pub device: Uid,
    pub provider: PushProvider,
}

/// The phones of these users that hold a live token; the caller bounds the users.
pub fn live_devices(c: &mut DbConn, users: &[Uid]) -> AppResult<Vec<LiveDevice>> {
    let rows: Vec<(Uid, Uid, Option<PushProvider>)> = devices::table
        .filter(devices::user_id.eq_any(users.to_vec()))
        .filter(devices::push_state.eq(PushState::Live))
        .filter(devices::revoked_at.is_null())
        .select((devices::user_id, devices::id, devices::push_provider))
        .order(devices::id)
        .load(c)?;
    Ok(rows
        .into_iter()
        .filter_map(|(user, device, provider)| {
            Some(LiveDevice {
                user,
                device,
                provider: provider?,
            })
        })
        .collect())
}

/// A push to make, of a notification that is written in the same transaction.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery {
    pub notification: Uid,
    pub device: Uid,
    pub provider: PushProvider,
    pub lane: Lane,
    pub not_before: Micros,
    pub expires_at: Micros,
}

/// Puts pushes into the outbox. Ring `App::outbox` after the commit, so that the engine looks at once.
pub fn enqueue(c: &mut DbConn, new: &[NewDelivery], now: Micros) -> AppResult<()> {
    let rows: Vec<DeliveryRow> = new
        .iter()
        .map(|n| DeliveryRow {
            id: Uid::new(now),
            notification_id: n.notification,
            device_id: n.device,
            provider: n.provider,
            lane: n.lane.ordinal(),
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: n.not_before,
            expires_at: n.expires_at,
            lease_until: None,
            leased_by: None,
            fence: 0,
            last_code: None,
            accepted_at: None,
            created_at: now,
            updated_at: now,
            announces: 1,
            counted_on: None,
        })
        .collect();
    match c {
        DbConn::Pg(_) if rows.is_empty() => {}
        DbConn::Pg(c) => insert_together(c, &rows)?,
        // Row by row, by a statement that is prepared once.
        DbConn::Sqlite(c) => {
            for row in &rows {
                diesel::insert_into(deliveries::table)
                    .values(row)
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// All by one statement, whose text does not grow with them. What no new push has stays NULL.
fn insert_together(c: &mut PgConnection, rows: &[DeliveryRow]) -> AppResult<()> {
    diesel::sql_query(
        "INSERT INTO deliveries (id, notification_id, device_id, provider, lane, state, attempts, next_at, expires_at, \
         fence, created_at, updated_at, announces) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], \
         $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], \
         $11::bigint[], $12::bigint[], $13::bigint[])",
    )
    .bind::<Array<UidSql>, _>(column(rows, |r| r.id))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.notification_id))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.device_id))
    .bind::<Array<Text>, _>(column(rows, |r| r.provider.as_str()))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.lane))
    .bind::<Array<Text>, _>(column(rows, |r| r.state.as_str()))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.attempts))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.next_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.expires_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.fence))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.created_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.updated_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.announces))
    .execute(c)?;
    Ok(())
}

/// Nothing is worth sending for longer: providers keep a message for four weeks.
const WORTH: i64 = 28 * Micros::DAY;

/// An app brought its phone's token. What waits for the phone goes where it is reached now; and what was given up
/// because the token before was dead, while the app had the new one already and had not told yet, is sent all the
/// same. Ring `App::outbox` after the commit.
///
/// The phone is locked: whoever ends a delivery for a dead token locks it first, too.
pub fn follow(c: &mut DbConn, phone: Uid, provider: PushProvider, now: Micros) -> AppResult<()> {
    let of_phone = || {
        deliveries::table
            .filter(deliveries::device_id.eq(phone))
            .filter(deliveries::id.ge(Uid::least_of(now.plus(-WORTH))))
            .filter(deliveries::expires_at.gt(now.0))
    };
    let elsewhere = of_phone()
        .filter(deliveries::state.eq_any(DeliveryState::OPEN))
        .filter(deliveries::provider.ne(provider));
    diesel::update(elsewhere)
        .set((
            deliveries::provider.eq(provider),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    let unreached = deliveries::state
        .eq(DeliveryState::DeadToken)
        .or(deliveries::state
            .eq(DeliveryState::Suppressed)
            .and(deliveries::last_code.eq(NO_LIVE_TOKEN)));
    diesel::update(of_phone().filter(unreached))
        .set((
            deliveries::state.eq(DeliveryState::Retry),
            deliveries::provider.eq(provider),
            deliveries::next_at.eq(now.0),
            deliveries::fence.eq(deliveries::fence + 1),
            // What it counted was given back.
            deliveries::counted_on.eq(None::<Day>),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}
