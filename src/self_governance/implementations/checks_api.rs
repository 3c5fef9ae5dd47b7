//! Checks over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::checks;
use super::checks_store as store;
use super::model::*;
use super::view::{VillageCheck, VillageCheckPage, show_check};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{changed, created, found};
use crate::http::text::{AreaCode, Note, not_null};
use crate::self_governance::cancelling::GovernanceCancellation;
use crate::self_governance::listing::{self, VillageQuery};
use crate::state::App;

/// What somebody found who looked.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"checked_on": "2026-05-20", "checked_by": "supervision_committee", "finding": "incomplete", "note": "周日尚未开放。"}))]
pub struct NewVillageCheck {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub checked_on: Day,
    pub checked_by: CheckingBody,
    /// `in_order` of work that is done alone; anything else opens work again that was called done.
    pub finding: CheckFinding,
    /// Of the work, never of a person.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageCheck> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &who, Action::SelfGovernanceRead, id))
        .await?;
    show_check(&app.vault, row.into_row())
}

/// Record a check
///
/// Of what was to be done, by somebody else than the colleague who owns it (`self_approval`).
#[utoipa::path(tag = "self-governance", request_body = NewVillageCheck, params(("implementation_id" = Uid, Path, description = "The id of what was to be done")),
    responses((status = 201, description = "The check", body = VillageCheck)))]
#[post("/self-governance/implementations/{implementation_id}/checks")]
pub async fn create_village_check(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewVillageCheck>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let work = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_village_check", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                checks::check(c, &vault, &caller, work, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let check = read(&app, &who, id).await?;
    Ok(created("self-governance/checks", &check))
}

/// List checks
///
/// In the caller's areas. Newest first; of the year in which somebody looked.
#[utoipa::path(tag = "self-governance", params(VillageQuery), responses((status = 200, description = "A page of checks", body = VillageCheckPage)))]
#[get("/self-governance/checks")]
pub async fn list_village_checks(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    let days = listing::days(query.year.as_deref())?;
    let filters = [area.as_ref().map(AreaCode::as_str), query.year.as_deref()];
    let bound = listing::bound(&app, &who, "list_village_checks", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, page)
        })
        .await?;
    let shown = |row| show_check(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(VillageCheckPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a check
///
/// By everybody who works there.
#[utoipa::path(tag = "self-governance", params(("check_id" = Uid, Path, description = "The check's id")),
    responses((status = 200, description = "The check", body = VillageCheck)))]
#[get("/self-governance/checks/{check_id}")]
pub async fn get_village_check(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Cancel a check
///
/// It counts no more, and stays readable. Work that it opened again stays open.
#[utoipa::path(tag = "self-governance", request_body = GovernanceCancellation, params(("check_id" = Uid, Path, description = "The check's id")),
    responses((status = 200, description = "The check", body = VillageCheck)))]
#[post("/self-governance/checks/{check_id}/cancellation")]
pub async fn cancel_village_check(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<GovernanceCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| checks::cancel(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
