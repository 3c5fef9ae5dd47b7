//! What deliberations decided, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::decisions;
use super::decisions_store as store;
use super::model::DecisionResult;
use super::view::{VillageDecision, VillageDecisionPage, VillageVote, show_decision};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{changed, created, found};
use crate::http::text::{AreaCode, Label, not_null};
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::self_governance::listing::{self, VillageQuery};
use crate::state::App;

/// What a deliberation decided, on the day it was held.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "周末开放会员之家", "result": "adopted", "votes": {"in_favour": 41, "against": 3, "abstained": 2}}))]
pub struct NewVillageDecision {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// What was decided, never about whom.
    pub title: Label,
    pub result: DecisionResult,
    /// No more than took part; what was adopted had more votes in favour than against.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub votes: Option<VillageVote>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageDecision> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &who, Action::SelfGovernanceRead, id))
        .await?;
    show_decision(row.into_row())
}

/// Record what a deliberation decided
///
/// Once it was held.
#[utoipa::path(tag = "self-governance", request_body = NewVillageDecision, params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 201, description = "The decision", body = VillageDecision)))]
#[post("/self-governance/deliberations/{deliberation_id}/decisions")]
pub async fn create_village_decision(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewVillageDecision>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let deliberation = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_village_decision", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                decisions::decide(c, &caller, deliberation, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let decision = read(&app, &who, id).await?;
    Ok(created("self-governance/decisions", &decision))
}

/// List decisions
///
/// In the caller's areas. Newest first; of the year in which they were decided.
#[utoipa::path(tag = "self-governance", params(VillageQuery), responses((status = 200, description = "A page of decisions", body = VillageDecisionPage)))]
#[get("/self-governance/decisions")]
pub async fn list_village_decisions(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    let days = listing::days(query.year.as_deref())?;
    let filters = [area.as_ref().map(AreaCode::as_str), query.year.as_deref()];
    let bound = listing::bound(&app, &who, "list_village_decisions", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, show_decision)?;
    Ok(HttpResponse::Ok().json(VillageDecisionPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a decision
///
/// By everybody who works there.
#[utoipa::path(tag = "self-governance", params(("decision_id" = Uid, Path, description = "The decision's id")),
    responses((status = 200, description = "The decision", body = VillageDecision)))]
#[get("/self-governance/decisions/{decision_id}")]
pub async fn get_village_decision(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Cancel a decision
///
/// It counts no more, and stays readable. What was to be done for it is cancelled first (`state_forbids`, state
/// `has_parts`).
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("decision_id" = Uid, Path, description = "The decision's id")),
    responses((status = 200, description = "The decision", body = VillageDecision)))]
#[post("/self-governance/decisions/{decision_id}/cancellation")]
pub async fn cancel_village_decision(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<GovernanceCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| decisions::cancel(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
