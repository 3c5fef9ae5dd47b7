//! What is noted of a claim beside its steps: what keeps the family from claiming, what lets the limitation begin
//! anew, and why a day that an amendment told of came too late. The claim stays where it is; its clocks do not.

use super::claim_store::{self as store, ClaimChange};
use super::claims::consented;
use super::facts::{facts, newly_late};
use super::model::*;
use super::policies::{key_of, product_of};
use super::steps::change;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people::model::Purpose;
use crate::sync;

/// A note about to be made.
#[derive(Debug, Clone)]
pub struct Note {
    /// One of the words of `model` that are no step.
    pub what: &'static str,
    pub on: Day,
    /// Where the request holds that day.
    pub on_at: &'static str,
    pub facts: EventFacts,
}

/// Notes an obstacle, its end or an interruption. In every state: the limitation runs on when a claim is over.
pub fn note(c: &mut DbConn, who: &Who, claim: Uid, note: &Note) -> AppResult<()> {
    let claim = store::locked(c, who, Action::ClaimWrite, claim)?;
    consented(c, &claim, Purpose::Insurance)?;
    check_days(&claim, note, Day(who.at.china_day()))?;
    let before = store::events(c, &[claim.id])?;
    fits(note, &before)?;
    let number = claim.version + 1;
    store::add_event(
        c,
        &event(who, &claim, number, note.what, note.on, &note.facts),
    )?;
    let amendment = ClaimChange {
        version: number,
        field_versions: sync::touch(&claim.field_versions, number, &["limitation"]),
        updated_at: who.at,
        ..ClaimChange::default()
    };
    store::change(c, &claim, &amendment)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ClaimWrite, "claim", claim.id, claim.place()).because(note.what),
    )?;
    sync::record_change(c, change(who, &claim, number))
}

/// An entry that leaves the claim in its state.
fn event(
    who: &Who,
    claim: &ClaimRow,
    number: i64,
    what: &str,
    on: Day,
    facts: &EventFacts,
) -> EventRow {
    EventRow {
        id: Uid::new(who.at),
        claim_id: claim.id,
        number,
        step: what.to_owned(),
        from_state: Some(claim.state),
        to_state: claim.state,
        on_day: on,
        facts: Json(facts.clone()),
        insurer_reference: None,
        reasons: None,
        late: Json(Vec::new()),
        by_user: who.user,
        at: who.at,
    }
}

/// Past or present, and of this event: what happened before it says nothing of claiming.
fn check_days(claim: &ClaimRow, note: &Note, today: Day) -> AppResult<()> {
    if note.on > today {
        return Err(AppError::field(note.on_at, Fault::InTheFuture));
    }
    if note.on < claim.event_on {
        return Err(AppError::field(note.on_at, Fault::BadOrder));
    }
    match note.facts.until {
        Some(until) if until > today => Err(AppError::field("/until", Fault::InTheFuture)),
        Some(until) if until < note.on => Err(AppError::field("/until", Fault::BadOrder)),
        _ => Ok(()),
    }
}

/// The same thing is noted once; what ends has begun.
fn fits(note: &Note, before: &[EventRow]) -> AppResult<()> {
    let open = open_since(note.facts.obstacle, before);
    match note.what {
        OBSTACLE if open.is_some() => Err(AppError::of(Code::AlreadyExists)),
        OBSTACLE_END => match open {
            None => Err(AppError::state_forbids("no_obstacle", [OBSTACLE])),
            Some(from) if note.on < from => Err(AppError::field(note.on_at, Fault::BadOrder)),
            Some(_) => Ok(()),
        },
        _ => {
            let same = |e: &EventRow| {
                let (one, other) = (&e.facts.0, &note.facts);
                e.step == note.what
                    && e.on_day == note.on
                    && (one.obstacle, one.interruption) == (other.obstacle, other.interruption)
            };
            match before.iter().any(same) {
                true => Err(AppError::of(Code::AlreadyExists)),
                false => Ok(()),
            }
        }
    }
}

/// Since when an obstacle of this kind lasts.
fn open_since(kind: Option<ObstacleKind>, events: &[EventRow]) -> Option<Day> {
    let of_kind = events.iter().filter(|e| e.facts.0.obstacle == kind);
    of_kind.fold(None, |open, e| match e.step.as_str() {
        OBSTACLE if e.facts.0.until.is_none() => Some(e.on_day),
        OBSTACLE_END => None,
        _ => open,
    })
}

/// After an amendment: where a day it tells of came too late for a clock, that is noted with its reason.
pub fn if_late(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    claim: &Handle<ClaimRow>,
    told: &ClaimChange,
    reason: Option<LateReason>,
) -> AppResult<()> {
    let days = [told.refusal_notice_on, told.told_papers_on];
    let Some(on) = days.into_iter().flatten().flatten().next() else {
        return Ok(());
    };
    let policy = super::store::policy_of(c, claim)?;
    let key = key_of(c, vault, claim.household_id)?;
    let product = product_of(c, &key, &policy)?;
    let events = store::events(c, &[claim.id])?;
    let payments = store::payments(c, &[claim.id])?;
    let mut amended = ClaimRow::clone(claim);
    amended.refusal_notice_on = told.refusal_notice_on.unwrap_or(claim.refusal_notice_on);
    amended.told_papers_on = told.told_papers_on.unwrap_or(claim.told_papers_on);
    amended.claimed_amount = told.claimed_amount.unwrap_or(claim.claimed_amount);
    let before = facts(claim, &product, &events, &payments);
    let after = facts(&amended, &product, &events, &payments);
    let late = newly_late(&before, &after, who.at.china_day());
    if late.is_empty() {
        return Ok(());
    }
    let why = EventFacts {
        late_reason: Some(reason.unwrap_or(LateReason::NotExplained)),
        ..EventFacts::default()
    };
    let row = EventRow {
        late: Json(late),
        ..event(who, claim, told.version, LATE_NOTICE, on, &why)
    };
    store::add_event(c, &row)
}
