//! Members who take the lead, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::commands;
use super::model::LeadingMatter;
use super::store;
use super::view::{LeadingExample, LeadingExamplePage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{changed, created, found};
use crate::http::text::{AreaCode, Int, Note, not_null};
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::self_governance::listing::{self, VillageQuery};
use crate::state::App;

/// That members of a village took the lead: a number or a statement, never a name.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "matter": "mutual_help", "shown_on": "2026-05-29", "members": 12}))]
pub struct NewLeadingExample {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village of the caller's own.
    pub area: AreaCode,
    pub matter: LeadingMatter,
    pub shown_on: Day,
    /// How many. One of `members` and `statement` is given.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 1_000_000, example = 12)]
    pub members: Option<Int<1, 1_000_000>>,
    /// What is said of them together; nobody is named.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub statement: Option<Note>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<LeadingExample> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &who, Action::SelfGovernanceRead, id))
        .await?;
    show(&app.vault, row.into_row())
}

/// Record that members took the lead
///
/// As a fact of the village: how many, or what is said of them together.
#[utoipa::path(tag = "self-governance", request_body = NewLeadingExample, responses((status = 201, description = "The record", body = LeadingExample)))]
#[post("/self-governance/examples")]
pub async fn create_leading_example(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewLeadingExample>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let once = key.bind(&app.vault, who.user, "create_leading_example", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::record(c, &vault, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let example = read(&app, &who, id).await?;
    Ok(created("self-governance/examples", &example))
}

/// List where members took the lead
///
/// In the caller's areas. Newest first.
#[utoipa::path(tag = "self-governance", params(VillageQuery), responses((status = 200, description = "A page of records", body = LeadingExamplePage)))]
#[get("/self-governance/examples")]
pub async fn list_leading_examples(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    let days = listing::days(query.year.as_deref())?;
    let filters = [area.as_ref().map(AreaCode::as_str), query.year.as_deref()];
    let bound = listing::bound(&app, &who, "list_leading_examples", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, page)
        })
        .await?;
    let shown = |row| show(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(LeadingExamplePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read where members took the lead
///
/// By everybody who works there.
#[utoipa::path(tag = "self-governance", params(("example_id" = Uid, Path, description = "The record's id")),
    responses((status = 200, description = "The record", body = LeadingExample)))]
#[get("/self-governance/examples/{example_id}")]
pub async fn get_leading_example(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Cancel where members took the lead
///
/// It counts no more, and stays readable.
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("example_id" = Uid, Path, description = "The record's id")),
    responses((status = 200, description = "The record", body = LeadingExample)))]
#[post("/self-governance/examples/{example_id}/cancellation")]
pub async fn cancel_leading_example(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<GovernanceCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| commands::cancel(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
