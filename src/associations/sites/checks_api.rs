//! Checks of what a site's association has, over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store;
use super::view::{SiteCheck, SiteCheckPage, show_check};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::created;
use crate::http::text::{Limit, Note, ShortCode, not_null};
use crate::state::App;

/// What the caller found of one of the haves.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"have": "people", "found": true, "checked_on": "2026-05-20", "evidence": "register"}))]
pub struct NewCheck {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// The code of one that is asked for.
    pub have: ShortCode,
    #[schema(example = true)]
    pub found: bool,
    pub checked_on: Day,
    pub evidence: CheckEvidence,
    /// What was seen; nobody is named.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

/// Record a check of a site
///
/// What the caller found, by which evidence: they answer for it by their account. Where there is no association there
/// is nothing to check (`state_forbids`, state `no_association`). Nothing is changed afterwards; the newest day holds.
#[utoipa::path(tag = "associations", request_body = NewCheck, params(("id" = Uid, Path, description = "The site's id")),
    responses((status = 201, description = "The check", body = SiteCheck)))]
#[post("/sites/{id}/checks")]
pub async fn create_site_check(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewCheck>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteCheck)?;
    let id = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_site_check", &body.raw);
    let (vault, given) = (app.vault.clone(), body.value);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| commands::check(c, &vault, &who, id, &given))?;
            let (Made::New(check) | Made::Before(check)) = made;
            store::visible(c, &who, Action::SiteRead, id)?;
            store::check(c, id, check)?.ok_or_else(AppError::not_found)
        })
        .await?;
    let check = show_check(&app.vault, row)?;
    Ok(created(&format!("sites/{id}/checks"), &check))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SiteCheckQuery {
    /// Of this one only.
    #[param(value_type = Option<ShortCode>, example = "people")]
    have: Option<ShortCode>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List a site's checks
///
/// Every one that was made, newest entry first.
#[utoipa::path(tag = "associations", params(SiteCheckQuery, ("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "A page of checks", body = SiteCheckPage)))]
#[get("/sites/{id}/checks")]
pub async fn list_site_checks(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<SiteCheckQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRead)?;
    let id = path_id(id)?;
    let have = query.have.map(ShortCode::into_string);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_site_checks {id} {have:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            store::visible(c, &who, Action::SiteRead, id)?;
            store::checks(c, id, have.as_deref(), page)
        })
        .await?;
    let shown = |row| show_check(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(SiteCheckPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
