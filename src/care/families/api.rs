//! Families over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{CareFamily, CareFamilyPage, show, wholes};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{Limit, not_null};
use crate::state::App;

/// A family to take into care. Why is nobody's to know, and has no field.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"household_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "began_on": "2026-03-01"}))]
pub struct NewCareFamily {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// Somebody of it agrees to `care_support`; found by `look_up_care_family`.
    pub household_id: Uid,
    pub began_on: Day,
    /// Since when it is entitled as a special family.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub special_since: Option<Day>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<CareFamily> {
    let who = who.clone();
    let whole = app
        .db
        .read(move |c| {
            let family = store::visible(c, &who, Action::CareFamilyRead, id)?;
            let mut found = wholes(c, vec![family.into_row()])?;
            found.pop().ok_or_else(AppError::not_found)
        })
        .await?;
    show(&app.vault, whole)
}

/// Take a family into care
///
/// A household of which somebody agrees to `care_support` (else `consent_required`), once (else
/// `care_family_exists`).
#[utoipa::path(tag = "care", request_body = NewCareFamily, responses((status = 201, description = "The family", body = CareFamily)))]
#[post("/care-families")]
pub async fn create_care_family(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareFamily>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_family", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::begin(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("care-families", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareFamilyQuery {
    /// `in_care` without it.
    #[param(inline, value_type = Option<CareFamilyState>, example = "in_care")]
    state: Option<CareFamilyState>,
    /// Special families, or the others.
    #[param(value_type = Option<bool>, example = true)]
    special: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List families in care
///
/// A care officer sees those of their areas, a contact their own; all masked. Newest first.
#[utoipa::path(tag = "care", params(CareFamilyQuery), responses((status = 200, description = "A page of families", body = CareFamilyPage)))]
#[get("/care-families")]
pub async fn list_care_families(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareFamilyQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyRead)?;
    let filter = Filter {
        state: query.state.unwrap_or(CareFamilyState::InCare),
        special: query.special,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_families {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CareFamilyRead);
    let rows = app
        .db
        .read(move |c| {
            let families = store::list(c, &scope, filter, page)?;
            wholes(c, families)
        })
        .await?;
    let shown = |whole| show(&app.vault, whole);
    let (items, next) = bound.finish(page, rows, |r| r.family.row.id, shown)?;
    Ok(HttpResponse::Ok().json(CareFamilyPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a family in care
///
/// Masked, with its contacts and when it was last visited.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The family's id")),
    responses((status = 200, description = "The family", body = CareFamily)))]
#[get("/care-families/{id}")]
pub async fn get_care_family(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
