//! What becomes of a term, and who holds it, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::view::Post;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::{changed, created};
use crate::http::text::not_null;
use crate::people::reveal::{Reveal, Revealed};
use crate::state::App;

/// How a term ends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ended_on": "2026-03-31", "reason": "retired"}))]
pub struct PostEnding {
    /// The first day on which it is over.
    pub ended_on: Day,
    pub reason: PostEndReason,
}

/// End a post
///
/// The post is vacant from that day on.
#[utoipa::path(tag = "associations", request_body = PostEnding, params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 200, description = "The ended post", body = Post)))]
#[post("/posts/{id}/ending")]
pub async fn end_post(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<PostEnding>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::end(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// That somebody was elected anew.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"elected_on": "2026-03-31"}))]
pub struct ReElection {
    /// The first day of the new term, and the end of the one before.
    pub elected_on: Day,
    /// At most as far off as the rule's years; that day without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ends_on: Option<Day>,
}

/// Elect the holder of a post anew
///
/// The term ends and another one begins, by the rules that hold now; what is known of the holder goes on.
#[utoipa::path(tag = "associations", request_body = ReElection, params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 201, description = "The new term", body = Post)))]
#[post("/posts/{id}/re-election")]
pub async fn re_elect_post(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ReElection>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    let next: Uid = app
        .db
        .write(move |c| commands::re_elect(c, &caller, id, &given))
        .await?;
    Ok(created("posts", &read(&app, &who, next).await?))
}

/// Reveal the holder of a post
///
/// Their identity fields in clear, for a reason that is kept in the audit with the caller and the time, and that the
/// person can see.
#[utoipa::path(tag = "associations", request_body = Reveal, params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 200, description = "The fields in clear", body = Revealed)))]
#[post("/posts/{id}/reveal")]
pub async fn reveal_post_holder(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostReveal)?;
    let id = path_id(id)?;
    let reason = body.value.reason;
    // The audit entry is durable before the fields are opened.
    let person = app
        .db
        .write(move |c| commands::reveal(c, &who, id, reason.as_str()))
        .await?;
    Ok(HttpResponse::Ok().json(Revealed::of(&app.vault, person.id, &person)?))
}
