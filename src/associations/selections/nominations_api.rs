//! Nominations over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::nominations;
use super::store;
use super::view::{Nomination, NominationPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{changed, created, found};
use crate::http::text::{Limit, UpTo, not_null};
use crate::people::model::StaffChannel;
use crate::state::App;

/// Who is nominated: by the selection's category an association, a member or a president, and one alone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"member_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "reasons": ["care", "volunteering"]}))]
pub struct NewNomination {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// An association, of the selecting one's area and not that itself.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub association_id: Option<Uid>,
    /// A member, by their membership.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub member_id: Option<Uid>,
    /// A president, by their post.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub post_id: Option<Uid>,
    /// Why; one at least.
    #[schema(value_type = Vec<NominationReason>, min_items = 1, max_items = 10)]
    pub reasons: UpTo<10, NominationReason>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Nomination> {
    let who = who.clone();
    let (state, row) = app
        .db
        .read(move |c| {
            let (selection, row) = nominations::visible(c, &who, id)?;
            let found = store::with_people(c, vec![row])?;
            let row = found.into_iter().next().ok_or_else(AppError::not_found)?;
            Ok((selection.state, row))
        })
        .await?;
    show(&app.vault, state, row)
}

/// Nominate somebody
///
/// While nominees are named. They are not public before they agreed.
#[utoipa::path(tag = "associations", request_body = NewNomination, params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 201, description = "The nomination", body = Nomination)))]
#[post("/selections/{id}/nominations")]
pub async fn create_nomination(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewNomination>,
) -> AppResult<HttpResponse> {
    who.may(Action::NominationWrite)?;
    let id = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_nomination", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                nominations::nominate(c, &caller, id, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("nominations", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NominationQuery {
    /// As they stand now.
    #[param(inline, value_type = Option<NominationState>, example = "selected")]
    state: Option<NominationState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List a selection's nominations
///
/// Newest first; people come masked.
#[utoipa::path(tag = "associations", params(NominationQuery, ("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "A page of nominations", body = NominationPage)))]
#[get("/selections/{id}/nominations")]
pub async fn list_nominations(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<NominationQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::NominationRead)?;
    let id = path_id(id)?;
    let wanted = query.state;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_nominations {id} {wanted:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (state, rows) = app
        .db
        .read(move |c| {
            let selection = store::visible(c, &who, Action::NominationRead, id)?;
            let rows = store::list_nominations(c, &selection, wanted, page)?;
            Ok((selection.state, rows))
        })
        .await?;
    let shown = |row| show(&app.vault, state, row);
    let (items, next) = bound.finish(page, rows, |r| r.0.id, shown)?;
    Ok(HttpResponse::Ok().json(NominationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a nomination
///
/// The nominee comes masked.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The nomination's id")),
    responses((status = 200, description = "The nomination", body = Nomination)))]
#[get("/nominations/{id}")]
pub async fn get_nomination(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::NominationRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// That the nominee agrees to be published: a person themselves, an association by whoever leads it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"agreed_on": "2025-12-20", "channel": "in_person"}))]
pub struct Agreement {
    pub agreed_on: Day,
    /// How they said so.
    pub channel: StaffChannel,
}

/// Record that a nominee agrees
///
/// To being published by name as nominated, and as selected. They may want out until it is decided.
#[utoipa::path(tag = "associations", request_body = Agreement, params(("id" = Uid, Path, description = "The nomination's id")),
    responses((status = 200, description = "The nomination", body = Nomination)))]
#[post("/nominations/{id}/agreement")]
pub async fn agree_nomination(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Agreement>,
) -> AppResult<HttpResponse> {
    who.may(Action::NominationWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| nominations::agree(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Record that a nominee wants out
///
/// At once, until it is decided; they are on no list any more.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The nomination's id")),
    responses((status = 200, description = "The nomination", body = Nomination)))]
#[post("/nominations/{id}/withdrawal")]
pub async fn withdraw_nomination(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::NominationWrite)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| nominations::withdraw(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
