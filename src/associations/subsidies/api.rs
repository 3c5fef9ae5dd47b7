//! Subsidies over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{RetiredSubsidy, RetiredSubsidyPage};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{changed, created, found};
use crate::http::text::{Limit, Money, not_null};
use crate::state::App;

/// A subsidy to grant.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"monthly": {"amount": "200.00", "currency": "CNY"}, "paid_from": "budget", "from_on": "2026-04-01"}))]
pub struct NewSubsidy {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A month.
    pub monthly: Money,
    pub paid_from: PaidFrom,
    /// Not before the term ended.
    pub from_on: Day,
    /// The last day, if it is known.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub until_on: Option<Day>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<RetiredSubsidy> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::PostRead, id)?.into_row()))
        .await?;
    Ok(RetiredSubsidy::from(row))
}

/// Grant a subsidy after a term
///
/// To whoever led the association and retired from it (else `state_forbids`, state `not_retired`); one at a time
/// (else `already_exists`).
#[utoipa::path(tag = "associations", request_body = NewSubsidy, params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 201, description = "The subsidy", body = RetiredSubsidy)))]
#[post("/posts/{id}/subsidies")]
pub async fn create_retired_subsidy(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewSubsidy>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let id = path_id(id)?;
    let operation = "create_retired_subsidy";
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::grant(c, &caller, id, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("retired-subsidies", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SubsidyQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Those that are paid on this day.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-12-31")]
    on: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List subsidies
///
/// Those after terms in the caller's areas. Newest first; nobody is named.
#[utoipa::path(tag = "associations", params(SubsidyQuery), responses((status = 200, description = "A page of subsidies", body = RetiredSubsidyPage)))]
#[get("/retired-subsidies")]
pub async fn list_retired_subsidies(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SubsidyQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRead)?;
    let filter = Filter {
        association: query.association_id,
        on: query.on,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_retired_subsidies {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::PostRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(RetiredSubsidy::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(RetiredSubsidyPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a subsidy
///
/// By the officers of the term's association.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The subsidy's id")),
    responses((status = 200, description = "The subsidy", body = RetiredSubsidy)))]
#[get("/retired-subsidies/{id}")]
pub async fn get_retired_subsidy(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Until when something is paid.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until_on": "2026-12-31", "reason": "renounced"}))]
pub struct SubsidyEnding {
    /// The last day.
    pub until_on: Day,
    /// After a death, or where somebody wants none, none is owed any more, and the year's assessment asks for none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub reason: Option<SubsidyEnd>,
}

/// End a subsidy
///
/// After that day nothing is paid any more.
#[utoipa::path(tag = "associations", request_body = SubsidyEnding, params(("id" = Uid, Path, description = "The subsidy's id")),
    responses((status = 200, description = "The subsidy", body = RetiredSubsidy)))]
#[post("/retired-subsidies/{id}/ending")]
pub async fn end_retired_subsidy(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<SubsidyEnding>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::end(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
