//! What becomes of what was made public, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::view::VillageDisclosure;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::state::App;

/// That something was taken down.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"posted_until": "2026-06-30"}))]
pub struct VillageDisclosureRemoval {
    /// The last day on which it was posted.
    pub posted_until: Day,
}

/// Take down what a village made public
///
/// Its last day is known then. That it was posted counts.
#[utoipa::path(tag = "self-governance", request_body = VillageDisclosureRemoval, params(("disclosure_id" = Uid, Path, description = "The posting's id")),
    responses((status = 200, description = "The posting", body = VillageDisclosure)))]
#[post("/self-governance/disclosures/{disclosure_id}/removal")]
pub async fn remove_village_disclosure(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VillageDisclosureRemoval>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::remove(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Cancel what was recorded of a posting
///
/// It counts no more, and stays readable.
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("disclosure_id" = Uid, Path, description = "The posting's id")),
    responses((status = 200, description = "The posting", body = VillageDisclosure)))]
#[post("/self-governance/disclosures/{disclosure_id}/cancellation")]
pub async fn cancel_village_disclosure(
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
