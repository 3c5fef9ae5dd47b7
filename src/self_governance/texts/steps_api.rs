//! What becomes of what a village adopted, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::view::VillageText;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::state::App;

/// That the township has it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"filed_on": "2026-03-20"}))]
pub struct VillageTextFiling {
    pub filed_on: Day,
}

/// File what a village adopted
///
/// With the township (备案), once.
#[utoipa::path(tag = "self-governance", request_body = VillageTextFiling, params(("text_id" = Uid, Path, description = "The text's id")),
    responses((status = 200, description = "The text", body = VillageText)))]
#[post("/self-governance/texts/{text_id}/filing")]
pub async fn file_village_text(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VillageTextFiling>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::file(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// The end of what a village adopted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ended_on": "2026-09-30", "reason": "repealed"}))]
pub struct VillageTextRepeal {
    pub ended_on: Day,
    /// `unlawful`: the township had it corrected. `mistaken`: there never was one, and it counts for no year.
    pub reason: VillageTextEndReason,
}

/// Repeal what a village adopted
///
/// Nothing stands in its place until something else is adopted.
#[utoipa::path(tag = "self-governance", request_body = VillageTextRepeal, params(("text_id" = Uid, Path, description = "The text's id")),
    responses((status = 200, description = "The text", body = VillageText)))]
#[post("/self-governance/texts/{text_id}/repeal")]
pub async fn repeal_village_text(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VillageTextRepeal>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::repeal(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
