//! Putting pushes into the outbox: part of the write that made the notification.

use diesel::prelude::*;

use super::model::{DeliveryRow, DeliveryState, Lane};
use crate::auth::model::{PushProvider, PushState};
use crate::db::schema::{deliveries, devices};
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
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
    for some in rows.chunks(200) {
        each_backend!(c, |c| diesel::insert_into(deliveries::table)
            .values(some)
            .execute(c))?;
    }
    Ok(())
}
