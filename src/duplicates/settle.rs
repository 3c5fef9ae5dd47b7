//! Deciding about a pair without merging it.

use super::merge::must_allow;
use super::model::*;
use super::store::{self, Settled};
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// They are two people; the pair does not come back.
pub fn dismiss(c: &mut DbConn, who: &Who, id: Uid, reason: DismissalReason) -> AppResult<()> {
    let seen = store::locked(c, who, Action::DuplicateSettle, id)?;
    must_allow(seen.pair.state, "dismissal")?;
    settle(c, who, &seen, DuplicateState::Dismissed, Some(reason))
}

/// They are one person, as far as the caller can tell; the merge is for somebody who works at both places.
pub fn confirm(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let seen = store::locked(c, who, Action::DuplicateSettle, id)?;
    must_allow(seen.pair.state, "confirmation")?;
    settle(c, who, &seen, DuplicateState::Confirmed, None)
}

fn settle(
    c: &mut DbConn,
    who: &Who,
    seen: &Seen,
    state: DuplicateState,
    reason: Option<DismissalReason>,
) -> AppResult<()> {
    let kept = None;
    store::settle(
        c,
        who,
        seen,
        &Settled {
            state,
            reason,
            kept,
        },
    )?;
    let facts = serde_json::json!({ "from": seen.pair.state, "to": state });
    let pair = &seen.pair;
    let entry = Entry::new(Action::DuplicateSettle, "duplicate", pair.id, pair.place());
    let entry = entry.with(&facts);
    match &reason {
        Some(reason) => audit::record(c, who, entry.because(reason.as_str())),
        None => audit::record(c, who, entry),
    }
}
