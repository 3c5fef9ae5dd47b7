//! All SQL of noting how leases ended.
//!
//! Only the holder of the newest fence can end a delivery; every try is noted all the same.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use std::borrow::Cow;
use std::collections::HashSet;

use super::fate::{Fate, with_new_token};
use super::model::{DeliveryState, ReceiptRow};
use super::phones_store;
use super::provider::{Attempt, Verdict};
use super::standing_store::{count_accepted, judge_provider};
use super::store::{Id, Leased};
use crate::auth::model::PushProvider;
use crate::auth::push_tokens_store;
use crate::db::schema::delivery_receipts;
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid, indexed};
use crate::error::AppResult;
use crate::prepared;

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

/// Who notes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Noter {
    pub provider: PushProvider,
    pub worker: Uid,
    /// The provider took messages lately, so that a malformed one is more likely its token's fault.
    pub others_pass: bool,
    pub now: Micros,
}

/// Notes how leases ended; answers how many were no longer this worker's to end.
pub fn settle(c: &mut DbConn, by: &Noter, ended: &[Ended]) -> AppResult<usize> {
    let now = by.now;
    indexed(c)?;
    let ended = replaced(c, ended, now)?;
    let ended: &[Ended] = &ended;
    let ends: Vec<End> = column(ended, |e| end(e, now));
    let ours = end_all(c, &ends, now)?;
    let mine: Vec<&Ended> = ended
        .iter()
        .filter(|e| ours.contains(&e.leased.id))
        .collect();
    let mut receipts: Vec<ReceiptRow> = Vec::new();
    let mut passed: Vec<(Uid, &[u8])> = Vec::new();
    // In the order of the phones, as every worker locks them.
    let mut by_phone: Vec<&Ended> = ended.iter().collect();
    by_phone.sort_by_key(|e| e.leased.device);
    for e in by_phone {
        let Outcome::Tried {
            attempt,
            took_ms,
            at,
            fate,
        } = &e.outcome
        else {
            continue;
        };
        if matches!(attempt.verdict, Verdict::NotAsked(_)) {
            continue;
        }
        receipts.push(receipt(e, attempt, fate, *took_ms, *at));
        let others_pass = attempt.others_pass.unwrap_or(by.others_pass);
        match (attempt.verdict, &e.leased.token_index) {
            (Verdict::Accepted, Some(index)) => passed.push((e.leased.device, index)),
            _ => judge_token(c, e, attempt, others_pass, now)?,
        }
    }
    push_tokens_store::clear_strikes(c, &passed)?;
    store_receipts(c, &receipts)?;
    give_back(c, &mine)?;
    count_accepted(c, by, ended)?;
    judge_provider(c, by.provider, ended, now)?;
    Ok(ended.len() - mine.len())
}

/// What failed for a token that the app has replaced since it was leased goes to the new one. The phones of all that
/// blame their tokens are locked here, before their deliveries: a token that is replaced at this moment is either
/// seen, or finds the delivery ended and puts it back itself (`outbox::follow`).
fn replaced<'a>(c: &mut DbConn, ended: &'a [Ended], now: Micros) -> AppResult<Cow<'a, [Ended]>> {
    let phones: Vec<Uid> = ended
        .iter()
        .filter(|e| blames_token(&e.outcome))
        .map(|e| e.leased.device)
        .collect();
    if phones.is_empty() {
        return Ok(Cow::Borrowed(ended));
    }
    let held = push_tokens_store::locked_tokens(c, phones)?;
    let is_new = |leased: &Leased| {
        let held = held.get(&leased.device);
        held.is_some_and(|index| leased.token_index.as_ref() != Some(index))
    };
    let mut ended = ended.to_vec();
    for e in ended.iter_mut().filter(|e| blames_token(&e.outcome)) {
        if is_new(&e.leased)
            && let Outcome::Tried { attempt, fate, .. } = &mut e.outcome
            && let Some(again) = with_new_token(fate.attempts, e.leased.expires_at, now)
        {
            *fate = again;
            // What the old token was asked under is nothing to the new one.
            attempt.reference = None;
        }
    }
    Ok(Cow::Owned(ended))
}

/// A try that failed because of the phone's token, as far as can be told.
fn blames_token(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Tried { attempt, .. } => match attempt.verdict {
            Verdict::DeadToken => true,
            Verdict::Malformed => !attempt.token_is_good,
            Verdict::Accepted | Verdict::Later(_) | Verdict::Refused | Verdict::NotAsked(_) => {
                false
            }
        },
        Outcome::Suppressed(_) | Outcome::Expired | Outcome::Released => false,
    }
}

/// What was counted and came to nothing counts no more.
fn give_back(c: &mut DbConn, ended: &[&Ended]) -> AppResult<()> {
    let failed: Vec<Uid> = ended
        .iter()
        .filter(|e| match &e.outcome {
            Outcome::Tried { fate, .. } => {
                !matches!(fate.state, DeliveryState::Accepted | DeliveryState::Retry)
            }
            Outcome::Suppressed(_) | Outcome::Expired => true,
            Outcome::Released => false,
        })
        .map(|e| e.leased.id)
        .collect();
    phones_store::give_back(c, &failed)
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

/// How one lease ended, as its row shows it.
struct End<'a> {
    id: Uid,
    fence: i64,
    state: DeliveryState,
    attempts: i64,
    next_at: Micros,
    code: Option<&'a str>,
    accepted_at: Option<Micros>,
}

fn end(e: &Ended, now: Micros) -> End<'_> {
    let same = End {
        id: e.leased.id,
        fence: e.leased.fence,
        state: DeliveryState::Retry,
        attempts: e.leased.attempts,
        next_at: now,
        code: None,
        accepted_at: None,
    };
    match &e.outcome {
        Outcome::Tried {
            attempt, fate, at, ..
        } => End {
            state: fate.state,
            attempts: fate.attempts,
            next_at: fate.next_at,
            code: Some(&attempt.code),
            accepted_at: (fate.state == DeliveryState::Accepted).then_some(*at),
            ..same
        },
        Outcome::Suppressed(why) => End {
            state: DeliveryState::Suppressed,
            code: Some(why),
            ..same
        },
        Outcome::Expired => End {
            state: DeliveryState::Expired,
            code: Some("expired"),
            ..same
        },
        Outcome::Released => same,
    }
}

prepared! {
    /// The end of one lease.
    struct EndRow<'a> {
        "UPDATE deliveries SET lease_until = NULL, leased_by = NULL, state = " state: Text as &'a str,
        ", attempts = " attempts: BigInt as i64,
        ", next_at = " next_at: BigInt as i64,
        ", last_code = " code: Nullable<Text> as Option<&'a str>,
        ", accepted_at = " accepted_at: Nullable<BigInt> as Option<i64>,
        ", updated_at = " now: BigInt as i64,
        " WHERE id = " id: UidSql as Uid,
        " AND fence = " fence: BigInt as i64;
        " AND state = 'leased'"
    }
}

/// Stores how leases ended; answers whose ends those were, since another worker may hold a newer fence.
fn end_all(c: &mut DbConn, ends: &[End], now: Micros) -> AppResult<HashSet<Uid>> {
    match c {
        // One trip for all. Each is found by its id: statistics of a moment ago know of nothing that is leased, and an
        // index by the state would be read whole for each of them.
        DbConn::Pg(c) => {
            let rows: Vec<Id> = diesel::sql_query(
                "UPDATE deliveries SET lease_until = NULL, leased_by = NULL, state = v.state, attempts = v.attempts, next_at = v.next_at, \
                 last_code = v.code, accepted_at = v.accepted_at, updated_at = $8 \
                 FROM unnest($1, $2, $3, $4, $5, $6, $7) \
                 AS v(id, fence, state, attempts, next_at, code, accepted_at) \
                 WHERE deliveries.id = v.id AND deliveries.fence = v.fence AND deliveries.state || '' = 'leased' \
                 RETURNING deliveries.id",
            )
                .bind::<Array<UidSql>, _>(column(ends, |e| e.id))
                .bind::<Array<BigInt>, _>(column(ends, |e| e.fence))
                .bind::<Array<Text>, _>(column(ends, |e| e.state.as_str()))
                .bind::<Array<BigInt>, _>(column(ends, |e| e.attempts))
                .bind::<Array<BigInt>, _>(column(ends, |e| e.next_at.0))
                .bind::<Array<Nullable<Text>>, _>(column(ends, |e| e.code))
                .bind::<Array<Nullable<BigInt>>, _>(column(ends, |e| e.accepted_at.map(|at| at.0)))
                .bind::<BigInt, _>(now.0)
                .load(c)?;
            Ok(rows.into_iter().map(|r| r.id).collect())
        }
        // Row by row, by a statement that is prepared once.
        DbConn::Sqlite(c) => {
            let mut ended = HashSet::with_capacity(ends.len());
            for e in ends {
                let changed = EndRow {
                    state: e.state.as_str(),
                    attempts: e.attempts,
                    next_at: e.next_at.0,
                    code: e.code,
                    accepted_at: e.accepted_at.map(|at| at.0),
                    now: now.0,
                    id: e.id,
                    fence: e.fence,
                }
                .execute(c)?;
                if changed == 1 {
                    ended.insert(e.id);
                }
            }
            Ok(ended)
        }
    }
}

/// One row a try.
fn store_receipts(c: &mut DbConn, receipts: &[ReceiptRow]) -> AppResult<()> {
    match c {
        DbConn::Pg(_) if receipts.is_empty() => {}
        DbConn::Pg(c) => {
            diesel::sql_query(
                "INSERT INTO delivery_receipts (id, delivery_id, attempt, outcome, code, http_status, \
                 provider_message, took_ms, at) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind::<Array<UidSql>, _>(column(receipts, |r| r.id))
            .bind::<Array<UidSql>, _>(column(receipts, |r| r.delivery_id))
            .bind::<Array<BigInt>, _>(column(receipts, |r| r.attempt))
            .bind::<Array<Text>, _>(column(receipts, |r| r.outcome.as_str()))
            .bind::<Array<Text>, _>(column(receipts, |r| r.code.as_str()))
            .bind::<Array<Nullable<BigInt>>, _>(column(receipts, |r| r.http_status))
            .bind::<Array<Nullable<Text>>, _>(column(receipts, |r| r.provider_message.as_deref()))
            .bind::<Array<BigInt>, _>(column(receipts, |r| r.took_ms))
            .bind::<Array<BigInt>, _>(column(receipts, |r| r.at.0))
            .execute(c)?;
        }
        // Row by row, by a statement that is prepared once.
        DbConn::Sqlite(c) => {
            for receipt in receipts {
                diesel::insert_into(delivery_receipts::table)
                    .values(receipt)
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// What a try says of the phone's token, if the phone still holds that one.
fn judge_token(
    c: &mut DbConn,
    e: &Ended,
    attempt: &Attempt,
    others_pass: bool,
    now: Micros,
) -> AppResult<()> {
    let (device, Some(index)) = (e.leased.device, &e.leased.token_index) else {
        return Ok(());
    };
    match attempt.verdict {
        Verdict::DeadToken => push_tokens_store::bury(c, device, index, attempt.dead_since, now),
        Verdict::Malformed if others_pass && !attempt.token_is_good => {
            push_tokens_store::strike(c, device, index, now)
        }
        Verdict::Accepted
        | Verdict::Malformed
        | Verdict::Later(_)
        | Verdict::Refused
        | Verdict::NotAsked(_) => Ok(()),
    }
}
