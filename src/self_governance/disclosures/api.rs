//! What villages made public, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::commands;
use super::model::*;
use super::store;
use super::view::{VillageDisclosure, VillageDisclosurePage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{created, found};
use crate::http::text::{AreaCode, Label, not_null};
use crate::self_governance::listing::{self, VillageQuery};
use crate::state::App;
use crate::visits::model::PhotoSlot;

/// What a village made public.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "subject": "services", "title": "免费服务项目公示", "board": "notice_board", "spot": "村委会公开栏", "posted_from": "2026-06-01", "posted_until": "2026-06-30"}))]
pub struct NewVillageDisclosure {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village of the caller's own.
    pub area: AreaCode,
    pub subject: DisclosureSubject,
    /// The record of this village that is made public; none for funds and services.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub subject_id: Option<Uid>,
    /// What it says, never about whom.
    pub title: Label,
    pub board: DisclosureBoard,
    /// Where exactly.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub spot: Option<Label>,
    pub posted_from: Day,
    /// The last day, if it is known.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub posted_until: Option<Day>,
    /// A photo of it where it hangs.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub evidence: Option<PhotoSlot>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageDisclosure> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &caller, Action::SelfGovernanceRead, id))
        .await?;
    show(who.at.china_day(), row.into_row())
}

/// Record what a village made public
///
/// What, where and from when.
#[utoipa::path(tag = "self-governance", request_body = NewVillageDisclosure, responses((status = 201, description = "The posting", body = VillageDisclosure)))]
#[post("/self-governance/disclosures")]
pub async fn create_village_disclosure(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVillageDisclosure>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let operation = "create_village_disclosure";
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::post(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let posted = read(&app, &who, id).await?;
    Ok(created("self-governance/disclosures", &posted))
}

/// List what villages made public
///
/// In the caller's areas. Newest first; of the year in which it was posted.
#[utoipa::path(tag = "self-governance", params(VillageQuery), responses((status = 200, description = "A page of postings", body = VillageDisclosurePage)))]
#[get("/self-governance/disclosures")]
pub async fn list_village_disclosures(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    let days = listing::days(query.year.as_deref())?;
    let filters = [area.as_ref().map(AreaCode::as_str), query.year.as_deref()];
    let bound = listing::bound(&app, &who, "list_village_disclosures", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, page)
        })
        .await?;
    let today = who.at.china_day();
    let (items, next) = bound.finish(page, rows, |r| r.id, |row| show(today, row))?;
    Ok(HttpResponse::Ok().json(VillageDisclosurePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read what a village made public
///
/// By everybody who works there.
#[utoipa::path(tag = "self-governance", params(("disclosure_id" = Uid, Path, description = "The posting's id")),
    responses((status = 200, description = "The posting", body = VillageDisclosure)))]
#[get("/self-governance/disclosures/{disclosure_id}")]
pub async fn get_village_disclosure(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
