//! The steps of a claim over HTTP, each a resource below it. They differ only in what is told: `step_bodies`.

use actix_web::{HttpResponse, post, web};

use super::claim_store as store;
use super::claim_view::{Claim, show};
use super::machine::ClaimStep;
use super::step_bodies::*;
use super::steps::{self, Step};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::state::App;

async fn taken(app: &App, who: Who, id: web::Path<String>, step: Step) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let vault = app.vault.clone();
    let claim = app
        .db
        .write(move |c| {
            steps::take(c, &vault, &who, id, &step)?;
            let claim = store::after_step(c, &who, Action::ClaimRead, id)?;
            show(c, &vault, &who, claim)
        })
        .await?;
    Ok(changed(&claim))
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
    let step = body.value.step(&who);
    taken(&app, who, id, step).await
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
    let step = body.value.step(&who);
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
    let step = body.value.step(&who, ClaimStep::DocumentsCompletion);
    taken(&app, who, id, step).await
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
    let step = body.value.step(&who);
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
    let step = body.value.step(&who, ClaimStep::Agreement);
    taken(&app, who, id, step).await
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
    let step = body.value.step(&who);
    taken(&app, who, id, step).await
}

/// Close a claim
///
/// Nothing is left to do: all that was agreed on is paid, or the family lets a refusal rest. While something is left to
/// be paid a claim stays open (`state_forbids`). The family may contest it afterwards.
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
    let step = body.value.step(&who, ClaimStep::Closure);
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
    let step = body.value.step(&who, ClaimStep::Withdrawal);
    taken(&app, who, id, step).await
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
    let step = body.value.step(&who);
    taken(&app, who, id, step).await
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
    let step = body.value.step(&who);
    taken(&app, who, id, step).await
}
