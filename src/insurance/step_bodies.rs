//! What is told of each step of a claim, by REST and by phones alike, and the step that it makes.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::machine::{ClaimStep, Decision, DisputeOutcome};
use super::model::*;
use super::steps::Step;
use crate::auth::Who;
use crate::db::{Day, Uid};
use crate::error::Fault;
use crate::http::json::invalid;
use crate::http::text::{InsurerReference, Money, Note, Sha256Hex, UpTo, not_null};
use crate::text_enum;

fn step(who: &Who, step: ClaimStep, on: Day, facts: EventFacts) -> Step {
    Step {
        id: Uid::new(who.at),
        step,
        on,
        on_at: "/on",
        facts,
        insurer_reference: None,
        reasons: None,
    }
}

/// The day of a step.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimStepDay {
    /// Not before the step before, not in the future.
    on: Day,
}

impl ClaimStepDay {
    pub fn step(self, who: &Who, which: ClaimStep) -> Step {
        step(who, which, self.on, EventFacts::default())
    }
}

/// The insurer took the claim in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimAcceptance {
    on: Day,
    /// Claim and proofs first reached the insurer; the decision's time runs from here. Without it: `on`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    received_on: Option<Day>,
}

impl ClaimAcceptance {
    pub fn step(self, who: &Who) -> Step {
        let facts = EventFacts {
            received_on: self.received_on,
            ..EventFacts::default()
        };
        step(who, ClaimStep::Acceptance, self.on, facts)
    }
}

/// The insurer asked for papers.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = asks))]
pub struct DocumentRequest {
    /// The request reached the family; the decision's time stands still from here.
    on: Day,
    /// The insurer found papers missing.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    found_incomplete_on: Option<Day>,
    #[schema(value_type = Vec<PaperKind>, min_items = 1, max_items = 15)]
    papers: UpTo<15, PaperKind>,
}

fn asks(r: &DocumentRequest) -> Result<(), validator::ValidationError> {
    let different: std::collections::HashSet<_> = r.papers.0.iter().collect();
    if r.papers.0.is_empty() {
        return Err(invalid("/papers", Fault::TooShort));
    }
    if different.len() < r.papers.0.len() {
        return Err(invalid("/papers", Fault::Repeated));
    }
    Ok(())
}

impl DocumentRequest {
    pub fn step(self, who: &Who) -> Step {
        let facts = EventFacts {
            found_incomplete_on: self.found_incomplete_on,
            papers: self.papers.0,
            ..EventFacts::default()
        };
        step(who, ClaimStep::DocumentRequest, self.on, facts)
    }
}

/// The insurer examines.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimExamination {
    on: Day,
    /// The insurer called the case complex (情形复杂): thirty days instead of promptly.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = false)]
    complex: Option<bool>,
}

impl ClaimExamination {
    pub fn step(self, who: &Who, which: ClaimStep) -> Step {
        let facts = EventFacts {
            complex: self.complex,
            ..EventFacts::default()
        };
        step(who, which, self.on, facts)
    }
}

text_enum! {
    /// What the insurer found.
    InsurerDecision { Approved = "approved", PartlyApproved = "partly_approved", Refused = "refused" }
}

/// The insurer's decision, by its letter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = decides))]
#[schema(example = json!({"decision": "approved", "decided_on": "2026-05-29", "amount": {"amount": "123.45", "currency": "CNY"}, "insurer_reference": "PICC-2026-330402-000123"}))]
pub struct ClaimDetermination {
    decision: InsurerDecision,
    decided_on: Day,
    /// What it grants, in all; not with a refusal. Of a part less than what was claimed; more than the policy insures is
    /// taken as the insurer decided it, and marked (`above_sum_insured`).
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    amount: Option<Money>,
    /// Its reasons for the part it refuses; with every refusal, be it of a part.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    reasons: Option<Note>,
    /// The notice of refusal with its reasons was sent: three days are allowed.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    notified_on: Option<Day>,
    /// The sign of the insurer's letter.
    insurer_reference: InsurerReference,
    /// The letter, once it is kept as a file.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    evidence_sha256: Option<Sha256Hex>,
    /// Why it is late, as the insurer told it; kept where it is. Without it: `not_explained`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    late_reason: Option<LateReason>,
}

fn decides(d: &ClaimDetermination) -> Result<(), validator::ValidationError> {
    let (refused, approved) = (
        d.decision == InsurerDecision::Refused,
        d.decision == InsurerDecision::Approved,
    );
    match (&d.amount, &d.reasons, &d.notified_on) {
        (Some(_), ..) if refused => Err(invalid("/amount", Fault::NotFitting)),
        (None, ..) if !refused => Err(invalid("/amount", Fault::Required)),
        (_, Some(_), _) if approved => Err(invalid("/reasons", Fault::NotFitting)),
        (_, None, _) if !approved => Err(invalid("/reasons", Fault::Required)),
        (.., Some(_)) if approved => Err(invalid("/notified_on", Fault::NotFitting)),
        _ => Ok(()),
    }
}

impl ClaimDetermination {
    pub fn step(self, who: &Who) -> Step {
        let decision = match self.decision {
            InsurerDecision::Approved => Decision::Approved,
            InsurerDecision::PartlyApproved => Decision::PartlyApproved,
            InsurerDecision::Refused => Decision::Refused,
        };
        let facts = EventFacts {
            amount: self.amount.map(|m| m.0.0),
            notified_on: self.notified_on,
            late_reason: self.late_reason,
            evidence_sha256: self.evidence_sha256.map(Sha256Hex::into_string),
            ..EventFacts::default()
        };
        let which = ClaimStep::Determination(decision);
        Step {
            on_at: "/decided_on",
            insurer_reference: Some(self.insurer_reference.into_string()),
            reasons: self.reasons.map(Note::into_string),
            ..step(who, which, self.decided_on, facts)
        }
    }
}

/// A payment of the insurer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClaimPayment {
    /// Made by the phone, if it likes: a repeated request is then refused as `already_exists`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    kind: PaymentKind,
    /// All payments together never exceed what was approved. `full` is all that is left: 0.00 where
    /// advances covered everything.
    amount: Money,
    paid_on: Day,
    /// The insurer's sign of the payment.
    insurer_reference: InsurerReference,
    /// The receipt, once it is kept as a file.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    evidence_sha256: Option<Sha256Hex>,
    /// Why it is late, as the insurer told it; kept where it is. Without it: `not_explained`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    late_reason: Option<LateReason>,
}

impl NewClaimPayment {
    pub fn step(self, who: &Who) -> Step {
        let which = match self.kind {
            PaymentKind::Advance => ClaimStep::AdvancePayment,
            PaymentKind::Full | PaymentKind::Part => ClaimStep::Payment,
        };
        let facts = EventFacts {
            amount: Some(self.amount.0.0),
            payment_kind: Some(self.kind),
            late_reason: self.late_reason,
            evidence_sha256: self.evidence_sha256.map(Sha256Hex::into_string),
            ..EventFacts::default()
        };
        let step = step(who, which, self.paid_on, facts);
        Step {
            id: self.id.unwrap_or(step.id),
            on_at: "/paid_on",
            insurer_reference: Some(self.insurer_reference.into_string()),
            ..step
        }
    }
}

/// The family contests.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimDispute {
    on: Day,
    way: DisputeWay,
}

impl ClaimDispute {
    pub fn step(self, who: &Who) -> Step {
        let facts = EventFacts {
            way: Some(self.way),
            ..EventFacts::default()
        };
        step(who, ClaimStep::Dispute, self.on, facts)
    }
}

text_enum! {
    /// How a dispute ended: the insurer looks again, or it stays as it was.
    ClaimDisputeEnd { BackToReview = "back_to_review", Closed = "closed" }
}

/// The end of a dispute.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimDisputeOutcome {
    on: Day,
    outcome: ClaimDisputeEnd,
    /// The sign of the paper that ends it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    insurer_reference: Option<InsurerReference>,
}

impl ClaimDisputeOutcome {
    pub fn step(self, who: &Who) -> Step {
        let outcome = match self.outcome {
            ClaimDisputeEnd::BackToReview => DisputeOutcome::BackToReview,
            ClaimDisputeEnd::Closed => DisputeOutcome::Closed,
        };
        let which = ClaimStep::DisputeOutcome(outcome);
        Step {
            insurer_reference: self.insurer_reference.map(InsurerReference::into_string),
            ..step(who, which, self.on, EventFacts::default())
        }
    }
}
