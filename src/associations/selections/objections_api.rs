//! Objections over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::objections;
use super::objections_store;
use super::store;
use super::view::{Objection, ObjectionPage, show_objection};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{changed, created, found};
use crate::http::text::{Limit, Note, not_null};
use crate::state::App;

/// What was said against a selection, or against one of its nominees. Who said it is not asked.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"topic": "facts", "told": "所列活动次数与实际不符。", "raised_on": "2026-01-07"}))]
pub struct NewObjection {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// Against whom; without it against the selection itself.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub nomination_id: Option<Uid>,
    pub topic: ObjectionTopic,
    pub told: Note,
    /// A day on which the nominees were public.
    pub raised_on: Day,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Objection> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(objections::visible(c, &who, id)?.1))
        .await?;
    show_objection(&app.vault, row)
}

/// Record an objection
///
/// Raised on a day of publicity (else `out_of_range`). Nothing is decided before it is answered.
#[utoipa::path(tag = "associations", request_body = NewObjection, params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 201, description = "The objection", body = Objection)))]
#[post("/selections/{id}/objections")]
pub async fn create_objection(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewObjection>,
) -> AppResult<HttpResponse> {
    who.may(Action::ObjectionWrite)?;
    let id = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_objection", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                objections::raise(c, &vault, &caller, id, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("objections", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ObjectionQuery {
    /// As they stand now.
    #[param(inline, value_type = Option<ObjectionState>, example = "open")]
    state: Option<ObjectionState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List a selection's objections
///
/// Newest first.
#[utoipa::path(tag = "associations", params(ObjectionQuery, ("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "A page of objections", body = ObjectionPage)))]
#[get("/selections/{id}/objections")]
pub async fn list_objections(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<ObjectionQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ObjectionRead)?;
    let id = path_id(id)?;
    let state = query.state;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_objections {id} {state:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let selection = store::visible(c, &who, Action::ObjectionRead, id)?;
            objections_store::list(c, &selection, state, page)
        })
        .await?;
    let shown = |row| show_objection(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(ObjectionPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an objection
///
/// With its answer.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The objection's id")),
    responses((status = 200, description = "The objection", body = Objection)))]
#[get("/objections/{id}")]
pub async fn get_objection(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ObjectionRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// What became of an objection.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answered_on": "2026-01-10", "outcome": "dismissed", "answer": "经核实，活动次数无误。"}))]
pub struct ObjectionAnswer {
    pub answered_on: Day,
    pub outcome: ObjectionOutcome,
    pub answer: Note,
}

/// Answer an objection
///
/// Once. One that is upheld takes the nominee out.
#[utoipa::path(tag = "associations", request_body = ObjectionAnswer, params(("id" = Uid, Path, description = "The objection's id")),
    responses((status = 200, description = "The objection", body = Objection)))]
#[post("/objections/{id}/answer")]
pub async fn answer_objection(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ObjectionAnswer>,
) -> AppResult<HttpResponse> {
    who.may(Action::ObjectionWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| objections::answer(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
