//! All SQL of noting how leases ended.
//!
//! Only the holder of the newest fence can end a delivery; every try is noted all the same.

use diesel::prelude::*;
use std::borrow::Cow;

use super::fate::{Fate, with_new_token};
use super::model::{DeliveryState, ReceiptRow};
use super::phones_store;
use super::provider::{Attempt, Verdict};
use super::standing_store::{count_accepted, judge_provider};
use super::store::Leased;
use crate::auth::model::PushProvider;
use crate::auth::push_tokens_store;
use crate::db::schema::{deliveries, delivery_receipts};
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;

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
    let ended = replaced(c, ended, now)?;
    let ended: &[Ended] = &ended;
    let mut mine = Vec::with_capacity(ended.len());
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
        if end(c, e, now)? {
            mine.push(e);
        }
    }
    for some in receipts.chunks(200) {
        each_backend!(c, |c| diesel::insert_into(delivery_receipts::table)
            .values(some)
            .execute(c))?;
    }
    for e in ended {
        if let Outcome::Tried { attempt, .. } = &e.outcome {
            let others_pass = attempt.others_pass.unwrap_or(by.others_pass);
            judge_token(c, e, attempt, others_pass, now)?;
        }
    }
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
            Verdict::Accepted | Verdict::Later(_) | Verdict::Refused => false,
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
        Verdict::Accepted => push_tokens_store::clear_strikes(c, device, index),
        Verdict::Malformed | Verdict::Later(_) | Verdict::Refused => Ok(()),
    }
}
