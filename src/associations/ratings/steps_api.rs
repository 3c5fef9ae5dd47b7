//! What becomes of a rating, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::view::Rating;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{Note, not_null};
use crate::state::App;

/// Why the association does not agree.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"appealed_on": "2026-02-01", "appeal": "会员之家已于去年建成，请复核。"}))]
pub struct Appeal {
    pub appealed_on: Day,
    pub appeal: Note,
}

/// Appeal against a rating
///
/// Once; nothing follows from the rating while the appeal is under way.
#[utoipa::path(tag = "associations", request_body = Appeal, params(("id" = Uid, Path, description = "The rating's id")),
    responses((status = 200, description = "The rating", body = Rating)))]
#[post("/ratings/{id}/appeal")]
pub async fn appeal_rating(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Appeal>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingAppeal)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::appeal(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What became of an appeal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settled_on": "2026-02-20", "answer": "经复核，评定不变。"}))]
pub struct AppealDecision {
    pub settled_on: Day,
    /// Another grade, where the appeal was right; without it the rating stands.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub grade: Option<RatingGrade>,
    pub answer: Note,
}

/// Decide on an appeal against a rating
///
/// By somebody else than who recorded the rating (`self_approval`).
#[utoipa::path(tag = "associations", request_body = AppealDecision, params(("id" = Uid, Path, description = "The rating's id")),
    responses((status = 200, description = "The rating", body = Rating)))]
#[post("/ratings/{id}/appeal-decision")]
pub async fn decide_rating_appeal(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<AppealDecision>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingDecide)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::settle(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What follows from being backward.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decided_on": "2026-03-01", "awards_withheld": true}))]
pub struct Consequence {
    pub decided_on: Day,
    /// The unit's work is not put up for awards.
    pub awards_withheld: bool,
}

/// Decide what follows from a backward rating
///
/// Whether the unit's work is put up for awards: a decision of people, never automatic, and not while an appeal is
/// under way. Another decision stands beside the ones before it (`consequences`), and not before them.
#[utoipa::path(tag = "associations", request_body = Consequence, params(("id" = Uid, Path, description = "The rating's id")),
    responses((status = 200, description = "The rating", body = Rating)))]
#[post("/ratings/{id}/consequence")]
pub async fn decide_rating_consequence(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Consequence>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingDecide)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::follow(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
