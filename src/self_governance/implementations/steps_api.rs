//! What becomes of what is to be done, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::view::Implementation;
use crate::associations::studies::model::ItemReason;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{Note, not_null};
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::state::App;

/// That it is done.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"done_on": "2026-05-08", "outcome": "周末值班表已排定并公布。"}))]
pub struct ImplementationCompletion {
    pub done_on: Day,
    /// What was done, never by or for whom.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub outcome: Option<Note>,
}

/// Complete what was to be done
///
/// What was explained may be done later.
#[utoipa::path(tag = "self-governance", request_body = ImplementationCompletion, params(("implementation_id" = Uid, Path, description = "Its id")),
    responses((status = 200, description = "What was done", body = Implementation)))]
#[post("/self-governance/implementations/{implementation_id}/completion")]
pub async fn complete_implementation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ImplementationCompletion>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::complete(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Why it is not done.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"explained_on": "2026-05-10", "reason": "funds_missing"}))]
pub struct ImplementationExplanation {
    pub explained_on: Day,
    pub reason: ItemReason,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

/// Explain what was not done
///
/// Why, in a word and a note.
#[utoipa::path(tag = "self-governance", request_body = ImplementationExplanation, params(("implementation_id" = Uid, Path, description = "Its id")),
    responses((status = 200, description = "What was explained", body = Implementation)))]
#[post("/self-governance/implementations/{implementation_id}/explanation")]
pub async fn explain_implementation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ImplementationExplanation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::explain(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Cancel what was to be done
///
/// It counts no more, and stays readable. Checks of it are cancelled first (`state_forbids`, state `has_parts`).
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("implementation_id" = Uid, Path, description = "Its id")),
    responses((status = 200, description = "What was cancelled", body = Implementation)))]
#[post("/self-governance/implementations/{implementation_id}/cancellation")]
pub async fn cancel_implementation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<GovernanceCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| commands::cancel(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
