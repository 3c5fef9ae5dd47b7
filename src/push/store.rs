//! All SQL of leasing what is due from the outbox, and of ending what nobody sent in time.
//!
//! Whoever leases a delivery raises its fence; only the holder of the newest fence can end it. A worker
//! that stood still past its lease therefore cannot undo what another one did meanwhile.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::HashMap;

use super::receipts_store::left_references;
use super::standing_store::{Standing, probed, standing};
use crate::auth::model::{PushProvider, PushState, UserState};
use crate::campaigns::machine::CampaignState;
use crate::db::schema::{campaigns, deliveries, devices, notifications, users};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::notifications::model::NotificationKind;

/// The states in which a delivery is still to be sent, as the partial indexes of the outbox name them.
const OPEN: &str = "state IN ('pending','leased','retry')";

/// Leased so often without an end, something about it kills whoever holds it: it is left alone.
const MOST_LEASES: i64 = 200;

/// Who leases, what and until when.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub provider: PushProvider,
    pub worker: Uid,
    pub now: Micros,
    pub until: Micros,
    pub limit: i64,
}

/// A delivery of which this worker holds the lease, with all that sending it takes.
#[derive(Debug, Clone)]
pub struct Leased {
    pub id: Uid,
    pub fence: i64,
    /// Tries before this one.
    pub attempts: i64,
    pub lane: i64,
    pub expires_at: Micros,
    pub lease_until: Micros,
    pub notification: Uid,
    pub kind: NotificationKind,
    pub title: String,
    pub unread: i64,
    pub device: Uid,
    /// Sealed; absent where no push can reach the phone any more.
    pub token: Option<Vec<u8>>,
    pub token_index: Option<Vec<u8>>,
    /// What an earlier try of the last hours left as its reference.
    pub reference: Option<String>,
    /// Why it is not to be sent at all.
    pub moot: Option<&'static str>,
}

/// What a worker finds when it looks.
#[derive(Debug)]
pub enum Found {
    /// Leased to it; fewer than asked for when nothing else is due.
    Due(Vec<Leased>),
    /// The provider refuses us: not before this instant.
    Stopped(Micros),
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// Leases what is due, the urgent lane first. While the provider is stopped, one delivery at a time probes it.
pub fn lease(c: &mut DbConn, lease: &Lease) -> AppResult<Found> {
    let stopped = standing(c, lease.provider)?.filter(Standing::stopped);
    if let Some(retry_at) = stopped.as_ref().and_then(|s| s.retry_at)
        && retry_at > lease.now
    {
        return Ok(Found::Stopped(retry_at));
    }
    let limit = if stopped.is_some() { 1 } else { lease.limit };
    let mut ids: Vec<Uid> = Vec::new();
    for lane in super::model::Lane::ALL {
        let left = limit - ids.len() as i64;
        if left <= 0 {
            break;
        }
        ids.extend(lease_lane(c, lease, lane.ordinal(), left)?);
    }
    if ids.is_empty() {
        return Ok(Found::Due(Vec::new()));
    }
    if let Some(stopped) = stopped {
        probed(c, lease.provider, &stopped, lease.now)?;
    }
    Ok(Found::Due(load(c, &ids, lease.now)?))
}

fn lease_lane(c: &mut DbConn, lease: &Lease, lane: i64, limit: i64) -> AppResult<Vec<Uid>> {
    // SQLite has one writer; PostgreSQL's workers step over what others are leasing.
    let skip = if c.is_sqlite() {
        ""
    } else {
        "FOR UPDATE SKIP LOCKED"
    };
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM deliveries WHERE provider = $1 AND lane = $2 AND next_at <= $3 \
         AND {OPEN} ORDER BY next_at LIMIT $4 {skip}) \
         UPDATE deliveries SET state = 'leased', lease_until = $5, next_at = $5, leased_by = $6, \
         fence = fence + 1, updated_at = $3 FROM due WHERE deliveries.id = due.id RETURNING deliveries.id AS id"
    );
    let rows: Vec<Id> = diesel::sql_query(sql)
        .bind::<Text, _>(lease.provider.as_str())
        .bind::<BigInt, _>(lane)
        .bind::<BigInt, _>(lease.now.0)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(lease.until.0)
        .bind::<UidSql, _>(lease.worker)
        .load(c)?;
    Ok(rows.into_iter().map(|r| r.id).collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct DeliveryPart {
    id: Uid,
    fence: i64,
    attempts: i64,
    lane: i64,
    expires_at: Micros,
    lease_until: Option<Micros>,
    provider: PushProvider,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notifications)]
struct NotificationPart {
    id: Uid,
    user_id: Uid,
    kind: NotificationKind,
    title_zh: String,
    opened_at: Option<Micros>,
    read_at: Option<Micros>,
    done_at: Option<Micros>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = devices)]
struct DevicePart {
    id: Uid,
    push_provider: Option<PushProvider>,
    push_token: Option<Vec<u8>>,
    push_token_index: Option<Vec<u8>>,
    push_state: PushState,
    revoked_at: Option<Micros>,
}

fn load(c: &mut DbConn, ids: &[Uid], now: Micros) -> AppResult<Vec<Leased>> {
    type Row = (
        DeliveryPart,
        NotificationPart,
        DevicePart,
        UserState,
        Option<CampaignState>,
    );
    let rows: Vec<Row> = deliveries::table
        .inner_join(notifications::table.left_join(campaigns::table))
        .inner_join(devices::table.inner_join(users::table))
        .filter(deliveries::id.eq_any(ids.to_vec()))
        .select((
            DeliveryPart::as_select(),
            NotificationPart::as_select(),
            DevicePart::as_select(),
            users::state,
            campaigns::state.nullable(),
        ))
        .order((deliveries::lane, deliveries::created_at, deliveries::id))
        .load(c)?;
    let mut receivers: Vec<Uid> = rows.iter().map(|(_, n, ..)| n.user_id).collect();
    receivers.sort_unstable();
    receivers.dedup();
    let unread: HashMap<Uid, i64> = notifications::table
        .filter(notifications::user_id.eq_any(receivers))
        .filter(notifications::read_at.is_null())
        .filter(notifications::done_at.is_null())
        .group_by(notifications::user_id)
        .select((notifications::user_id, diesel::dsl::count_star()))
        .load(c)?
        .into_iter()
        .collect();
    let tried: Vec<Uid> = rows
        .iter()
        .filter(|(d, ..)| d.attempts > 0)
        .map(|(d, ..)| d.id)
        .collect();
    let mut references = left_references(c, &tried, now)?;
    Ok(rows
        .into_iter()
        .map(|(d, n, phone, user, campaign)| Leased {
            reference: references.remove(&d.id),
            moot: moot(&d, &n, &phone, user, campaign),
            id: d.id,
            fence: d.fence,
            attempts: d.attempts,
            lane: d.lane,
            expires_at: d.expires_at,
            lease_until: d.lease_until.unwrap_or(Micros(0)),
            notification: n.id,
            kind: n.kind,
            title: n.title_zh,
            unread: unread.get(&n.user_id).copied().unwrap_or(0),
            device: phone.id,
            token: phone.push_token,
            token_index: phone.push_token_index,
        })
        .collect())
}

/// Why a push is pointless, if it is.
fn moot(
    d: &DeliveryPart,
    n: &NotificationPart,
    phone: &DevicePart,
    user: UserState,
    campaign: Option<CampaignState>,
) -> Option<&'static str> {
    if d.fence > MOST_LEASES {
        Some("leased_too_often")
    } else if campaign == Some(CampaignState::Cancelled) {
        Some("campaign_cancelled")
    } else if user != UserState::Active {
        Some("user_disabled")
    } else if phone.revoked_at.is_some() {
        Some("device_revoked")
    } else if phone.push_state != PushState::Live || phone.push_provider != Some(d.provider) {
        Some("no_live_token")
    } else if n.opened_at.is_some() || n.read_at.is_some() || n.done_at.is_some() {
        Some("seen_already")
    } else {
        None
    }
}

/// Ends what nobody sent in time, whoever its provider is; true when there may be more.
pub fn expire(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    const BATCH: i64 = 1_000;
    let skip = if c.is_sqlite() {
        ""
    } else {
        "FOR UPDATE SKIP LOCKED"
    };
    // A lease that runs is its holder's to end: its `next_at` lies ahead.
    let sql = format!(
        "WITH late AS MATERIALIZED (SELECT id FROM deliveries WHERE expires_at <= $1 AND {OPEN} \
         AND (state <> 'leased' OR next_at <= $1) ORDER BY expires_at LIMIT $2 {skip}) \
         UPDATE deliveries SET state = 'expired', last_code = COALESCE(last_code, 'expired'), lease_until = NULL, \
         leased_by = NULL, fence = fence + 1, updated_at = $1 FROM late WHERE deliveries.id = late.id"
    );
    let ended = diesel::sql_query(sql)
        .bind::<BigInt, _>(now.0)
        .bind::<BigInt, _>(BATCH)
        .execute(c)?;
    Ok(ended as i64 == BATCH)
}
