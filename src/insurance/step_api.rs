//! The steps of a claim over HTTP, each a resource below it. They differ only in what is told.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::claim_store as store;
use super::claim_view::{Claim, show};
use super::machine::{self, ClaimStep};
use super::model::*;
use super::steps::{self, Step};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, invalid};
use crate::http::precondition::changed;
use crate::http::text::{InsurerReference, Money, Note, Sha256Hex, UpTo, not_null};
use crate::state::App;
use crate::text_enum;

async fn taken(app: &App, who: Who, id: web::Path<String>, step: Step) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let vault = app.vault.clone();
    let claim = app
        .db
        .write(move |c| {
            steps::take(c, &vault, &who, id, &step)?;
            let claim = store::visible(c, &who, Action::ClaimRead, id)?;
            show(c, &vault, &who, claim)
        })
        .await?;
    Ok(changed(&claim))
}

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

/// Record the acceptance
///
/// The insurer took the claim in (受理). Its time for deciding runs from the receipt of claim and proofs.
#[utoipa::path(tag = "insurance", request_body = ClaimAcceptance, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/acceptance")]
pub async fn accept_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimAcceptance>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let facts = EventFacts {
        received_on: body.value.received_on,
        ..EventFacts::default()
    };
    let step = step(&who, ClaimStep::Acceptance, body.value.on, facts);
    taken(&app, who, id, step).await
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

/// Record a request for papers
///
/// The insurer asked for what is missing (补充材料): by law at once and all together. The papers come onto
/// the checklist.
#[utoipa::path(tag = "insurance", request_body = DocumentRequest, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/document-request")]
pub async fn request_claim_documents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<DocumentRequest>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let facts = EventFacts {
        found_incomplete_on: body.value.found_incomplete_on,
        papers: body.value.papers.0,
        ..EventFacts::default()
    };
    let step = step(&who, ClaimStep::DocumentRequest, body.value.on, facts);
    taken(&app, who, id, step).await
}

/// Record that the papers are complete
///
/// All that the insurer asked for has reached it; its time runs on. What it asked for and was not noted
/// as received is so from this day.
#[utoipa::path(tag = "insurance", request_body = ClaimStepDay, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/documents-completion")]
pub async fn complete_claim_documents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimStepDay>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = step(
        &who,
        ClaimStep::DocumentsCompletion,
        body.value.on,
        EventFacts::default(),
    );
    taken(&app, who, id, step).await
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
    fn step(self, who: &Who, which: ClaimStep) -> Step {
        let facts = EventFacts {
            complex: self.complex,
            ..EventFacts::default()
        };
        step(who, which, self.on, facts)
    }
}

/// Record the review
///
/// The insurer examines, or goes on examining, whether and what it owes (核定).
#[utoipa::path(tag = "insurance", request_body = ClaimExamination, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/review")]
pub async fn review_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimExamination>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = body.value.step(&who, ClaimStep::Review);
    taken(&app, who, id, step).await
}

/// Record an investigation
///
/// The insurer looks into the event itself (调查).
#[utoipa::path(tag = "insurance", request_body = ClaimExamination, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/investigation")]
pub async fn investigate_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimExamination>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = body.value.step(&who, ClaimStep::Investigation);
    taken(&app, who, id, step).await
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
    /// What it grants, in all; not with a refusal.
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

/// Record the insurer's decision
///
/// The insurer decides; this records what its letter says, with the letter's reference. A refusal, be it
/// of a part, comes with reasons.
#[utoipa::path(tag = "insurance", request_body = ClaimDetermination, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/determination")]
pub async fn determine_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimDetermination>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let told = body.value;
    let decision = match told.decision {
        InsurerDecision::Approved => machine::Decision::Approved,
        InsurerDecision::PartlyApproved => machine::Decision::PartlyApproved,
        InsurerDecision::Refused => machine::Decision::Refused,
    };
    let facts = EventFacts {
        amount: told.amount.map(|m| m.0.0),
        notified_on: told.notified_on,
        evidence_sha256: told.evidence_sha256.map(Sha256Hex::into_string),
        ..EventFacts::default()
    };
    let step = Step {
        on_at: "/decided_on",
        insurer_reference: Some(told.insurer_reference.into_string()),
        reasons: told.reasons.map(Note::into_string),
        ..step(
            &who,
            ClaimStep::Determination(decision),
            told.decided_on,
            facts,
        )
    };
    taken(&app, who, id, step).await
}

/// Record the agreement
///
/// Family and insurer agree on the sum. The ten days for paying run from here, not from the decision.
#[utoipa::path(tag = "insurance", request_body = ClaimStepDay, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/agreement")]
pub async fn agree_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimStepDay>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = step(
        &who,
        ClaimStep::Agreement,
        body.value.on,
        EventFacts::default(),
    );
    taken(&app, who, id, step).await
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
}

/// Record a payment
///
/// The insurer paid: an advance of what is certain, which changes no state, or what was agreed on.
#[utoipa::path(tag = "insurance", request_body = NewClaimPayment, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/payment")]
pub async fn pay_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewClaimPayment>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let told = body.value;
    let which = match told.kind {
        PaymentKind::Advance => ClaimStep::AdvancePayment,
        PaymentKind::Full | PaymentKind::Part => ClaimStep::Payment,
    };
    let facts = EventFacts {
        amount: Some(told.amount.0.0),
        payment_kind: Some(told.kind),
        evidence_sha256: told.evidence_sha256.map(Sha256Hex::into_string),
        ..EventFacts::default()
    };
    let mut step = Step {
        on_at: "/paid_on",
        insurer_reference: Some(told.insurer_reference.into_string()),
        ..step(&who, which, told.paid_on, facts)
    };
    step.id = told.id.unwrap_or(step.id);
    taken(&app, who, id, step).await
}

/// Close a claim
///
/// Nothing is left to do: it is paid, or the family lets a refusal rest.
#[utoipa::path(tag = "insurance", request_body = ClaimStepDay, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/closure")]
pub async fn close_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimStepDay>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = step(
        &who,
        ClaimStep::Closure,
        body.value.on,
        EventFacts::default(),
    );
    taken(&app, who, id, step).await
}

/// Withdraw a claim
///
/// The family takes its claim back, until it has agreed to a result. A new one may be made within the limitation.
#[utoipa::path(tag = "insurance", request_body = ClaimStepDay, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/withdrawal")]
pub async fn withdraw_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimStepDay>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let step = step(
        &who,
        ClaimStep::Withdrawal,
        body.value.on,
        EventFacts::default(),
    );
    taken(&app, who, id, step).await
}

/// The family contests.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimDispute {
    on: Day,
    way: DisputeWay,
}

/// Record a dispute
///
/// The family contests what the insurer did or failed to do: at its complaint desk, the regulator, a
/// mediator, an arbitrator or a court.
#[utoipa::path(tag = "insurance", request_body = ClaimDispute, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/dispute")]
pub async fn dispute_claim(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimDispute>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let facts = EventFacts {
        way: Some(body.value.way),
        ..EventFacts::default()
    };
    let step = step(&who, ClaimStep::Dispute, body.value.on, facts);
    taken(&app, who, id, step).await
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

/// Record a dispute's outcome
///
/// The insurer has to look again, and its clocks start anew; or it stays as it was and the claim is closed.
#[utoipa::path(tag = "insurance", request_body = ClaimDisputeOutcome, params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/dispute-outcome")]
pub async fn end_claim_dispute(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimDisputeOutcome>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let told = body.value;
    let outcome = match told.outcome {
        ClaimDisputeEnd::BackToReview => machine::DisputeOutcome::BackToReview,
        ClaimDisputeEnd::Closed => machine::DisputeOutcome::Closed,
    };
    let which = ClaimStep::DisputeOutcome(outcome);
    let step = Step {
        insurer_reference: told.insurer_reference.map(InsurerReference::into_string),
        ..step(&who, which, told.on, EventFacts::default())
    };
    taken(&app, who, id, step).await
}
