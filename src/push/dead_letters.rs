//! Deliveries that were set aside: who sees them, and sending them once more.
//!
//! A dead letter names a phone and what was to be announced, never a token or what stood in it. Administrators
//! see those of colleagues whose phones they see.

use super::dead_letters_store::{self as store, Dead, Filter};
use super::model::DeliveryState;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who, staff};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};

/// Sent once more by one command at the most.
pub const MOST: i64 = 500;
/// A new end lies no further ahead: no provider keeps a message for longer.
const FURTHEST: i64 = 28 * Micros::DAY;

fn worth(expires_at: Option<Micros>, now: Micros) -> AppResult<()> {
    match expires_at {
        Some(at) if at <= now => Err(AppError::field("/expires_at", Fault::InThePast)),
        Some(at) if at > now.plus(FURTHEST) => {
            Err(AppError::field("/expires_at", Fault::OutOfRange))
        }
        _ => Ok(()),
    }
}

/// Puts one back into the outbox with a fresh set of tries, and with a new end if one is given.
pub fn resend(c: &mut DbConn, who: &Who, id: Uid, expires_at: Option<Micros>) -> AppResult<Dead> {
    who.may(Action::DeadLetterResend)?;
    let (delivery, notification) = store::locked(c, id)?.ok_or_else(AppError::not_found)?;
    staff::visible(c, who, Action::DeadLetterResend, notification.user_id)?;
    if delivery.state != DeliveryState::DeadLetter {
        return Err(AppError::state_forbids(delivery.state, [""; 0]));
    }
    worth(expires_at, who.at)?;
    if expires_at.is_none() && delivery.expires_at <= who.at {
        return Err(AppError::state_forbids(
            DeliveryState::Expired,
            ["resend_with_expires_at"],
        ));
    }
    store::resend(c, &[id], expires_at, who.at)?;
    noted(c, who, &(delivery, notification))?;
    store::locked(c, id)?.ok_or_else(AppError::not_found)
}

/// What a command over many did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resent {
    pub resent: usize,
    /// There may be others that fit.
    pub more: bool,
}

/// The same for the oldest of those that fit; what has expired is left where it is, unless a new end is given.
pub fn resend_many(
    c: &mut DbConn,
    who: &Who,
    filter: &Filter,
    limit: i64,
    expires_at: Option<Micros>,
) -> AppResult<Resent> {
    who.may(Action::DeadLetterResend)?;
    worth(expires_at, who.at)?;
    let filter = Filter {
        worth_at: expires_at.is_none().then_some(who.at),
        ..filter.clone()
    };
    let scope = who.scope(Action::DeadLetterResend);
    let found = store::oldest(c, &scope, &filter, limit.min(MOST))?;
    let dead = store::still_dead(c, &found)?;
    let ids: Vec<Uid> = dead.iter().map(|(d, _)| d.id).collect();
    store::resend(c, &ids, expires_at, who.at)?;
    for one in &dead {
        noted(c, who, one)?;
    }
    Ok(Resent {
        resent: ids.len(),
        more: found.len() as i64 == limit.min(MOST),
    })
}

/// Read where its receiver works.
fn noted(c: &mut DbConn, who: &Who, (delivery, notification): &Dead) -> AppResult<()> {
    let place = Place {
        county: notification.county,
        town: notification.town,
        village: notification.village,
    };
    let facts = serde_json::json!({ "what": "resent", "from": DeliveryState::DeadLetter });
    let entry = Entry::new(Action::DeadLetterResend, "delivery", delivery.id, place);
    audit::record(c, who, entry.with(&facts))
}
