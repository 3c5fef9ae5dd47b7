//! Selections over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{Selection, SelectionPage};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{Int, Limit, not_null};
use crate::state::App;
use crate::statistics::query::refused;

fn ten() -> Int<1, 10> {
    Int(10)
}

/// A selection to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "year": 2025, "category": "members"}))]
pub struct NewSelection {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// The association that selects.
    pub association_id: Uid,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2025)]
    pub year: Int<1990, 2999>,
    pub category: SelectionCategory,
    /// How many are selected at most.
    #[serde(default = "ten")]
    #[schema(value_type = i64, minimum = 1, maximum = 10, default = 10, example = 10)]
    pub places: Int<1, 10>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Selection> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::SelectionRead, id)?;
            Ok(row.into_row())
        })
        .await?;
    Ok(Selection::from(row))
}

/// Open a selection
///
/// Of the best of a year in one category, once for each association (else `already_exists`).
#[utoipa::path(tag = "associations", request_body = NewSelection, responses((status = 201, description = "The selection", body = Selection)))]
#[post("/selections")]
pub async fn create_selection(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewSelection>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionWrite)?;
    let once = key.bind(&app.vault, who.user, "create_selection", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::open(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("selections", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelectionQuery {
    /// By this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2025")]
    year: Option<String>,
    /// Of this category only.
    #[param(inline, value_type = Option<SelectionCategory>, example = "members")]
    category: Option<SelectionCategory>,
    /// As they stand now.
    #[param(inline, value_type = Option<SelectionState>, example = "decided")]
    state: Option<SelectionState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List selections
///
/// Those of associations in the caller's areas. Newest first; nobody is named.
#[utoipa::path(tag = "associations", params(SelectionQuery), responses((status = 200, description = "A page of selections", body = SelectionPage)))]
#[get("/selections")]
pub async fn list_selections(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SelectionQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionRead)?;
    let year = query.year.as_deref().map(str::parse::<i64>);
    let year = year
        .transpose()
        .map_err(|_| refused("/year", Fault::BadPattern))?;
    let filter = Filter {
        association: query.association_id,
        year,
        category: query.category,
        state: query.state,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_selections {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelectionRead).shared();
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Selection::from(r)))?;
    Ok(HttpResponse::Ok().json(SelectionPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a selection
///
/// By everybody who works in its area, with what may be done next.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "The selection", body = Selection)))]
#[get("/selections/{id}")]
pub async fn get_selection(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
