//! One command for every step of a claim, allowed or refused by the machine's one table.
//!
//! The insurer decides. A step says what it did, on which day and under which reference; nothing
//! here judges a claim. A step past its clock is recorded as late, never refused.

use super::claim_store::{self as store, ClaimChange};
use super::claim_view::{allowed, is_owed};
use super::claims::consented;
use super::facts::{decision_is_timed, facts, newly_late};
use super::machine::{self, ClaimStep, Decision, DisputeOutcome};
use super::model::*;
use super::policies::{key_of, product_of};
use super::rules;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Fen, Json, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::people::model::Purpose;
use crate::sync::{self, Change, Kind};

/// What happened to a claim, as it was told to us.
#[derive(Debug, Clone)]
pub struct Step {
    pub id: Uid,
    pub step: ClaimStep,
    /// The day it happened.
    pub on: Day,
    /// Where the request holds that day.
    pub on_at: &'static str,
    pub facts: EventFacts,
    pub insurer_reference: Option<String>,
    pub reasons: Option<String>,
}

/// A feed row for everybody who may see this claim.
pub fn change(who: &Who, claim: &ClaimRow, version: i64) -> Change {
    Change::upsert(Kind::Claim, claim.id, version, claim.place(), who.at)
        .seen_by(claim.owners())
        .by_worker(who)
        .about_people()
}

/// Takes one step, or refuses it with the state and what is possible instead.
pub fn take(c: &mut DbConn, vault: &Vault, who: &Who, claim: Uid, step: &Step) -> AppResult<()> {
    let claim = store::locked(c, who, Action::ClaimWrite, claim)?;
    let state = claim.state.0;
    let agreed = store::agreed(c, &claim)?;
    let payments = store::payments(c, &[claim.id])?;
    let paid = paid(&payments);
    let forbidden = || AppError::state_forbids(state, allowed(&claim, agreed, paid));
    let next_state = machine::apply(state, step.step).map_err(|_| forbidden())?;
    if step.step == ClaimStep::Closure && agreed && is_owed(&claim, paid) {
        return Err(forbidden());
    }
    if !machine::ends(step.step) {
        consented(c, &claim, Purpose::Insurance)?;
    }
    let today = Day(who.at.china_day());
    check_days(&claim, step, today)?;
    let events = store::events(c, &[claim.id])?;
    check_sums(&claim, step, paid)?;

    let policy = super::store::policy_of(c, &claim)?;
    let key = key_of(c, vault, claim.household_id)?;
    let product = product_of(c, &key, &policy)?;
    let seal = |column: &'static str, text: &Option<String>| {
        let sealed = text.as_deref().map(|t| key.seal(column, step.id.0, t));
        sealed.transpose().map_err(AppError::internal)
    };
    let number = claim.version + 1;
    let mut event = EventRow {
        id: step.id,
        claim_id: claim.id,
        number,
        step: step.step.as_str().to_owned(),
        from_state: Some(claim.state),
        to_state: ClaimStateWord(next_state),
        on_day: step.on,
        facts: Json(step.facts.clone()),
        insurer_reference: seal("claim_events.insurer_reference", &step.insurer_reference)?,
        reasons: seal("claim_events.reasons", &step.reasons)?,
        late: Json(Vec::new()),
        by_user: who.user,
        at: who.at,
    };
    let changed = changed(&claim, step, ClaimStateWord(next_state), number, who);
    let payment = payment(step, claim.id, who);

    // The clocks before and after: what became late came too late by this step.
    let before = facts(&claim, &product, &events, &payments);
    let (mut rows, mut sums) = (events, payments);
    rows.push(event.clone());
    sums.extend(payment.clone());
    let after = facts(&changed.1, &product, &rows, &sums);
    event.late = Json(newly_late(&before, &after, today.0));
    if matches!(step.step, ClaimStep::Determination(_)) {
        event.facts.0.timed = Some(decision_is_timed(&after, today.0));
        // The insurer decides, and is not corrected here: a sum above the policy's is worth a second look.
        let insured = super::store::insured(c, &[policy.id])?.len();
        let most = rules::most_of_one(&product, insured);
        let above = |sum: &i64| most.is_some_and(|most| *sum > most.0);
        event.facts.0.above_sum_insured = step.facts.amount.filter(above).map(|_| true);
    }
    // Late with a reason, be it that none was given.
    event.facts.0.late_reason = match event.late.0.is_empty() {
        true => None,
        false => Some(step.facts.late_reason.unwrap_or(LateReason::NotExplained)),
    };

    store::add_event(c, &event)?;
    if let Some(payment) = &payment {
        store::add_payment(c, payment)?;
    }
    papers(c, who, &claim, step)?;
    store::change(c, &claim, &changed.0)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ClaimWrite, "claim", claim.id, claim.place())
            .because(step.step.as_str())
            .with(&serde_json::json!({ "from": claim.state, "to": event.to_state, "late": event.late.0 })),
    )?;
    sync::record_change(c, change(who, &claim, number))
}

/// Days are past or present and follow one another.
fn check_days(claim: &ClaimRow, step: &Step, today: Day) -> AppResult<()> {
    if step.on > today {
        return Err(AppError::field(step.on_at, Fault::InTheFuture));
    }
    if step.on < claim.last_on {
        return Err(AppError::field(step.on_at, Fault::BadOrder));
    }
    let more = &step.facts;
    let before = |day: Option<Day>, pointer: &str, earliest: Day| match day {
        Some(day) if day > step.on => Err(AppError::field(pointer, Fault::BadOrder)),
        Some(day) if day < earliest => Err(AppError::field(pointer, Fault::BadOrder)),
        _ => Ok(()),
    };
    before(more.received_on, "/received_on", claim.known_on)?;
    before(
        more.found_incomplete_on,
        "/found_incomplete_on",
        claim.known_on,
    )?;
    match more.notified_on {
        Some(day) if day > today => Err(AppError::field("/notified_on", Fault::InTheFuture)),
        Some(day) if day < step.on => Err(AppError::field("/notified_on", Fault::BadOrder)),
        _ => Ok(()),
    }
}

/// Payments never exceed what was granted, and what is granted is at least what was advanced.
fn check_sums(claim: &ClaimRow, step: &Step, paid: i64) -> AppResult<()> {
    let not_fitting = || AppError::field("/amount/amount", Fault::NotFitting);
    let out_of_range = || AppError::field("/amount/amount", Fault::OutOfRange);
    let amount = step.facts.amount;
    match step.step {
        ClaimStep::Determination(Decision::Approved | Decision::PartlyApproved) => match amount {
            None => Err(AppError::field("/amount", Fault::Required)),
            Some(sum) if sum <= 0 => Err(out_of_range()),
            Some(sum) if sum < paid => Err(not_fitting()),
            // A part of what was claimed is less than it.
            Some(sum)
                if step.step == ClaimStep::Determination(Decision::PartlyApproved)
                    && claim.claimed_amount.is_some_and(|claimed| sum >= claimed.0) =>
            {
                Err(not_fitting())
            }
            Some(_) => Ok(()),
        },
        ClaimStep::Payment | ClaimStep::AdvancePayment => {
            let sum = amount.unwrap_or(0);
            let left = claim.approved_amount.map(|granted| granted.0 - paid);
            let full = step.facts.payment_kind == Some(PaymentKind::Full);
            // Nothing is paid by nothing, except what settles advances that covered all.
            let settles = full && left == Some(0) && claim.state.0 == machine::ClaimState::Agreed;
            if sum <= 0 && !settles {
                return Err(out_of_range());
            }
            match left {
                Some(left) if sum > left || (full && sum != left) => Err(not_fitting()),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// What the step changes of the claim, for the database and, for the clocks, as a row.
fn changed(
    claim: &Handle<ClaimRow>,
    step: &Step,
    state: ClaimStateWord,
    version: i64,
    who: &Who,
) -> (ClaimChange, ClaimRow) {
    let mut row = ClaimRow::clone(claim);
    row.state = state;
    row.last_on = step.on;
    // A decision also writes what an amendment may: a phone that was away does not undo it unasked.
    let fields: &[&str] = match step.step {
        ClaimStep::Determination(_) | ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview) => {
            &["state", "approved", "refusal_notice_on"]
        }
        _ => &["state"],
    };
    let mut change = ClaimChange {
        version,
        field_versions: sync::touch(&claim.field_versions, version, fields),
        state: Some(state),
        last_on: Some(step.on),
        updated_at: who.at,
        ..ClaimChange::default()
    };
    match step.step {
        ClaimStep::Determination(_) => {
            row.approved_amount = step.facts.amount.map(Fen);
            row.refusal_notice_on = step.facts.notified_on;
            change.approved_amount = Some(row.approved_amount);
            change.refusal_notice_on = Some(row.refusal_notice_on);
        }
        // The insurer decides anew: the old decision stands in the steps alone.
        ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview) => {
            row.approved_amount = None;
            row.refusal_notice_on = None;
            change.approved_amount = Some(None);
            change.refusal_notice_on = Some(None);
        }
        _ => {}
    }
    (change, row)
}

fn payment(step: &Step, claim: Uid, who: &Who) -> Option<PaymentRow> {
    if !matches!(step.step, ClaimStep::Payment | ClaimStep::AdvancePayment) {
        return None;
    }
    Some(PaymentRow {
        id: step.id,
        claim_id: claim,
        kind: step.facts.payment_kind?,
        amount: Fen(step.facts.amount.unwrap_or(0)),
        paid_on: step.on,
        event_id: step.id,
        created_at: who.at,
    })
}

/// The checklist follows what the insurer asks for and gets.
fn papers(c: &mut DbConn, who: &Who, claim: &Handle<ClaimRow>, step: &Step) -> AppResult<()> {
    match step.step {
        ClaimStep::DocumentRequest => {
            let known = store::documents(c, &[claim.id])?;
            let listed = |kind: PaperKind| known.iter().any(|d| d.kind == kind);
            let asked = &step.facts.papers;
            let new: Vec<DocumentRow> = (100..)
                .zip(asked.iter().filter(|k| !listed(**k)))
                .map(|(position, kind)| DocumentRow {
                    claim_id: claim.id,
                    kind: *kind,
                    position,
                    required: false,
                    requested_on: Some(step.on),
                    received_on: None,
                    file_sha256: None,
                    updated_by: who.user,
                    updated_at: who.at,
                })
                .collect();
            store::request_documents(c, claim, asked, step.on, who)?;
            store::add_documents(c, &new)
        }
        ClaimStep::DocumentsCompletion => store::complete_documents(c, claim, step.on, who),
        _ => Ok(()),
    }
}
