//! What becomes of an opinion of a village, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::view::VillageOpinion;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::Note;
use crate::rights_requests::model::RightsBody;
use crate::state::App;

/// Where an opinion goes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"referred_to": "higher_association", "referred_on": "2026-04-13"}))]
pub struct VillageOpinionReferral {
    pub referred_to: RightsBody,
    /// Not before it was voiced.
    pub referred_on: Day,
}

/// Refer an opinion of a village
///
/// To the body whose matter it is; again to another one, if it was the wrong one. The day of its answer stays.
#[utoipa::path(tag = "self-governance", request_body = VillageOpinionReferral, params(("opinion_id" = Uid, Path, description = "The opinion's id")),
    responses((status = 200, description = "The referred opinion", body = VillageOpinion)))]
#[post("/self-governance/opinions/{opinion_id}/referral")]
pub async fn refer_village_opinion(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VillageOpinionReferral>,
) -> AppResult<HttpResponse> {
    who.may(Action::VillageOpinionAnswer)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::refer(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What is answered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answer": "会员之家自五月起周末开放。", "answered_on": "2026-04-20"}))]
pub struct VillageOpinionAnswer {
    /// For the whole village; never a name.
    pub answer: Note,
    /// Not before it was voiced or referred.
    pub answered_on: Day,
}

/// Answer an opinion of a village
///
/// Once, for everybody there.
#[utoipa::path(tag = "self-governance", request_body = VillageOpinionAnswer, params(("opinion_id" = Uid, Path, description = "The opinion's id")),
    responses((status = 200, description = "The answered opinion", body = VillageOpinion)))]
#[post("/self-governance/opinions/{opinion_id}/answer")]
pub async fn answer_village_opinion(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VillageOpinionAnswer>,
) -> AppResult<HttpResponse> {
    who.may(Action::VillageOpinionAnswer)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::answer(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
