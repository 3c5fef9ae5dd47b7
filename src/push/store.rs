//! All SQL of the delivery engine: leasing what is due, noting what became of it.
//!
//! Whoever leases a delivery raises its fence; only the holder of the newest fence can end it. A worker
//! that stood still past its lease therefore cannot undo what another one did meanwhile.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::HashMap;

use super::fate::{Fate, pause};
use super::model::{DeliveryState, ReceiptRow};
use super::provider::{Attempt, Verdict};
use crate::auth::model::{PushProvider, PushState, UserState};
use crate::db::schema::{
    deliveries, delivery_receipts, devices, notifications, push_providers, users,
};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::notifications::model::NotificationKind;

/// The states in which a delivery is still to be sent, as the partial indexes of the outbox name them.
const OPEN: &str = "state IN ('pending','leased','retry')";

/// Malformed so often in a row, while others pass, a token is set aside.
const STRIKES: i64 = 3;

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
        // Nobody else probes before this probe's answer is known.
        let next = lease.now.plus(pause(Some(stopped.since), lease.now));
        diesel::update(push_providers::table.find(lease.provider))
            .set(push_providers::retry_at.eq(next.0))
            .execute(c)?;
    }
    Ok(Found::Due(load(c, &ids)?))
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

fn load(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<Leased>> {
    let rows: Vec<(DeliveryPart, NotificationPart, DevicePart, UserState)> = deliveries::table
        .inner_join(notifications::table)
        .inner_join(devices::table.inner_join(users::table))
        .filter(deliveries::id.eq_any(ids.to_vec()))
        .select((
            DeliveryPart::as_select(),
            NotificationPart::as_select(),
            DevicePart::as_select(),
            users::state,
        ))
        .order((deliveries::lane, deliveries::created_at, deliveries::id))
        .load(c)?;
    let mut receivers: Vec<Uid> = rows.iter().map(|(_, n, _, _)| n.user_id).collect();
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
    Ok(rows
        .into_iter()
        .map(|(d, n, phone, user)| Leased {
            moot: moot(&d, &n, &phone, user),
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
) -> Option<&'static str> {
    if user != UserState::Active {
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

/// How a lease ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A try was made.
    Tried {
        attempt: Attempt,
        fate: Fate,
        took_ms: i64,
        at: Micros,
    },
    /// It is not to be sent.
    Suppressed(&'static str),
    /// Too late by now.
    Expired,
    /// Not tried: for the next worker.
    Released,
}

/// One lease and how it ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub leased: Leased,
    pub outcome: Outcome,
}

/// Notes how leases ended; `others_pass` says that the provider took messages lately, so that a malformed
/// one is more likely its token's fault. Answers how many were no longer this worker's to end.
pub fn settle(
    c: &mut DbConn,
    provider: PushProvider,
    ended: &[Ended],
    others_pass: bool,
    now: Micros,
) -> AppResult<usize> {
    let mut lost = 0;
    let mut receipts: Vec<ReceiptRow> = Vec::new();
    for e in ended {
        if let Outcome::Tried {
            attempt,
            took_ms,
            at,
            fate,
        } = &e.outcome
        {
            receipts.push(receipt(e, attempt, fate, *took_ms, *at));
        }
        if !end(c, e, now)? {
            lost += 1;
        }
    }
    for some in receipts.chunks(200) {
        each_backend!(c, |c| diesel::insert_into(delivery_receipts::table)
            .values(some)
            .execute(c))?;
    }
    for e in ended {
        if let Outcome::Tried { attempt, .. } = &e.outcome {
            judge_token(c, e, attempt.verdict, others_pass, now)?;
        }
    }
    judge_provider(c, provider, ended, now)?;
    Ok(lost)
}

fn receipt(e: &Ended, attempt: &Attempt, fate: &Fate, took_ms: i64, at: Micros) -> ReceiptRow {
    ReceiptRow {
        id: Uid::new(at),
        delivery_id: e.leased.id,
        attempt: e.leased.attempts + 1,
        outcome: fate.state.as_str().to_owned(),
        code: attempt.code.clone(),
        http_status: attempt.status.map(i64::from),
        provider_message: attempt.reference.clone(),
        took_ms,
        at,
    }
}

/// Stores the end of one lease; false when another worker holds a newer fence.
fn end(c: &mut DbConn, e: &Ended, now: Micros) -> AppResult<bool> {
    let held = deliveries::table
        .find(e.leased.id)
        .filter(deliveries::fence.eq(e.leased.fence))
        .filter(deliveries::state.eq(DeliveryState::Leased));
    let (state, attempts, next_at, code, accepted) = match &e.outcome {
        Outcome::Tried {
            attempt, fate, at, ..
        } => (
            fate.state,
            fate.attempts,
            fate.next_at,
            Some(attempt.code.as_str()),
            (fate.state == DeliveryState::Accepted).then_some(*at),
        ),
        Outcome::Suppressed(why) => (
            DeliveryState::Suppressed,
            e.leased.attempts,
            now,
            Some(*why),
            None,
        ),
        Outcome::Expired => (
            DeliveryState::Expired,
            e.leased.attempts,
            now,
            Some("expired"),
            None,
        ),
        Outcome::Released => (DeliveryState::Retry, e.leased.attempts, now, None, None),
    };
    let changed = diesel::update(held)
        .set((
            deliveries::state.eq(state),
            deliveries::attempts.eq(attempts),
            deliveries::next_at.eq(next_at),
            deliveries::lease_until.eq(None::<i64>),
            deliveries::leased_by.eq(None::<Uid>),
            deliveries::last_code.eq(code),
            deliveries::accepted_at.eq(accepted),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// What a try says of the phone's token, if the phone still holds that one.
fn judge_token(
    c: &mut DbConn,
    e: &Ended,
    verdict: Verdict,
    others_pass: bool,
    now: Micros,
) -> AppResult<()> {
    let Some(index) = &e.leased.token_index else {
        return Ok(());
    };
    let same = devices::table
        .find(e.leased.device)
        .filter(devices::push_token_index.eq(index.clone()))
        .filter(devices::push_state.eq(PushState::Live));
    match verdict {
        Verdict::DeadToken => bury(c, e.leased.device, index, now)?,
        Verdict::Malformed if others_pass => {
            let strikes: Option<i64> = diesel::update(same)
                .set(devices::push_strikes.eq(devices::push_strikes + 1))
                .returning(devices::push_strikes)
                .get_result(c)
                .optional()?;
            if strikes.is_some_and(|s| s >= STRIKES) {
                bury(c, e.leased.device, index, now)?;
            }
        }
        Verdict::Accepted => {
            diesel::update(same.filter(devices::push_strikes.gt(0)))
                .set(devices::push_strikes.eq(0i64))
                .execute(c)?;
        }
        Verdict::Malformed | Verdict::Later(_) | Verdict::Refused => {}
    }
    Ok(())
}

/// A push cannot reach this phone any more, until its app brings a new token. The phone itself stays.
fn bury(c: &mut DbConn, device: Uid, index: &[u8], now: Micros) -> AppResult<()> {
    diesel::update(
        devices::table
            .find(device)
            .filter(devices::push_token_index.eq(index.to_vec()))
            .filter(devices::push_state.eq(PushState::Live)),
    )
    .set((
        devices::push_state.eq(PushState::Dead),
        devices::push_token.eq(None::<Vec<u8>>),
        devices::push_token_index.eq(None::<Vec<u8>>),
        devices::push_changed_at.eq(now.0),
        devices::version.eq(devices::version + 1),
        devices::updated_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(())
}

/// The newest word decides: refused, it stops alone; an answer about a message, and it works.
fn judge_provider(
    c: &mut DbConn,
    provider: PushProvider,
    ended: &[Ended],
    now: Micros,
) -> AppResult<()> {
    let tried = || {
        ended.iter().filter_map(|e| match &e.outcome {
            Outcome::Tried { attempt, at, .. } => Some((*at, attempt)),
            _ => None,
        })
    };
    let newest = tried()
        .filter(|(_, a)| !matches!(a.verdict, Verdict::Later(_)))
        .max_by_key(|(at, _)| *at);
    let stopped = push_providers::table
        .find(provider)
        .filter(push_providers::state.eq("stopped"));
    match newest {
        Some((_, attempt)) if attempt.verdict == Verdict::Refused => {
            stop(c, provider, &attempt.code, now)?;
        }
        Some(_) => {
            diesel::update(stopped)
                .set((
                    push_providers::state.eq("working"),
                    push_providers::reason.eq(None::<String>),
                    push_providers::since.eq(now.0),
                    push_providers::retry_at.eq(None::<i64>),
                ))
                .execute(c)?;
        }
        // A probe that was not sent at all has asked nothing: another one may.
        None if tried().next().is_none() => {
            diesel::update(stopped)
                .set(push_providers::retry_at.eq(now.0))
                .execute(c)?;
        }
        None => {}
    }
    Ok(())
}

fn stop(c: &mut DbConn, provider: PushProvider, reason: &str, now: Micros) -> AppResult<()> {
    let stopped = standing(c, provider)?.filter(Standing::stopped);
    // A probe moved the next one ahead when it was leased; others that were under way say nothing new.
    let (since, retry_at) = match stopped {
        Some(s) => (s.since, s.retry_at.unwrap_or(now)),
        None => {
            tracing::error!(
                %provider,
                reason,
                "the provider refuses us and is stopped; look at its credentials. It is asked again by itself"
            );
            (now, now.plus(pause(None, now)))
        }
    };
    each_backend!(c, |c| diesel::insert_into(push_providers::table)
        .values((
            push_providers::provider.eq(provider),
            push_providers::state.eq("stopped"),
            push_providers::reason.eq(reason),
            push_providers::since.eq(since.0),
            push_providers::retry_at.eq(retry_at.0),
        ))
        .on_conflict(push_providers::provider)
        .do_update()
        .set((
            push_providers::state.eq("stopped"),
            push_providers::reason.eq(reason),
            push_providers::since.eq(since.0),
            push_providers::retry_at.eq(retry_at.0),
        ))
        .execute(c))?;
    Ok(())
}

/// Whether a provider works, as all nodes know it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = push_providers)]
pub struct Standing {
    state: String,
    pub reason: Option<String>,
    pub since: Micros,
    pub retry_at: Option<Micros>,
}

impl Standing {
    pub fn stopped(&self) -> bool {
        self.state == "stopped"
    }
}

/// What is known of a provider; nothing before it was first refused.
pub fn standing(c: &mut DbConn, provider: PushProvider) -> AppResult<Option<Standing>> {
    Ok(push_providers::table
        .find(provider)
        .select(Standing::as_select())
        .first(c)
        .optional()?)
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
