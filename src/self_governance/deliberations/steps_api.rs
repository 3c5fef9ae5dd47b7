//! What becomes of a deliberation, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::view::{Deliberation, TakingPart};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{Int, UpTo, not_null};
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::state::App;
use crate::visits::model::PhotoSlot;

/// That a deliberation was held.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"held_on": "2026-04-10", "participants": 46, "taking_part": [
    {"stage": "before", "way": "consultation", "on": "2026-04-02", "participants": 120},
    {"stage": "during", "way": "vote", "on": "2026-04-10", "participants": 46}]}))]
pub struct DeliberationHolding {
    pub held_on: Day,
    /// How many took part, never who.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 46)]
    pub participants: Int<1, 1_000_000>,
    /// All ways, in the place of those told before; without it these stay.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<TakingPart>>, nullable = false, max_items = 30)]
    pub taking_part: Option<UpTo<30, TakingPart>>,
    /// A photo of the minutes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub evidence: Option<PhotoSlot>,
}

/// Hold a deliberation
///
/// Once; what was decided is recorded then.
#[utoipa::path(tag = "self-governance", request_body = DeliberationHolding, params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 200, description = "The deliberation", body = Deliberation)))]
#[post("/self-governance/deliberations/{deliberation_id}/holding")]
pub async fn hold_deliberation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<DeliberationHolding>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::hold(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Cancel a deliberation
///
/// It counts no more, and stays readable. What was decided in it is cancelled first (`state_forbids`, state
/// `has_parts`).
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 200, description = "The deliberation", body = Deliberation)))]
#[post("/self-governance/deliberations/{deliberation_id}/cancellation")]
pub async fn cancel_deliberation(
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
