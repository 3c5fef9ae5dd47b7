//! Charters, agreements and contracts over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store;
use super::view::{VillageText, VillageTextPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Label, Limit, not_null};
use crate::self_governance::listing;
use crate::state::App;
use crate::visits::model::PhotoSlot;

/// What a village adopted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "kind": "charter", "title": "百福社区自治章程", "adopted_on": "2026-03-12", "adopted_by": "villagers_assembly"}))]
pub struct NewVillageText {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village of the caller's own.
    pub area: AreaCode,
    pub kind: VillageTextKind,
    /// What it is called, never who it is about.
    pub title: Label,
    pub adopted_on: Day,
    pub adopted_by: AdoptingBody,
    /// The deliberation of this village by which it was adopted.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub deliberation_id: Option<Uid>,
    /// The edition before, of a contract. A charter or an agreement replaces the one in force.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub replaces_id: Option<Uid>,
    /// A photo of the paper.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub evidence: Option<PhotoSlot>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageText> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &who, Action::SelfGovernanceRead, id))
        .await?;
    show(row.into_row())
}

/// Record what a village adopted
///
/// Its charter, its agreement or a contract. A new edition ends the one before on the day it is adopted.
#[utoipa::path(tag = "self-governance", request_body = NewVillageText, responses((status = 201, description = "The text", body = VillageText)))]
#[post("/self-governance/texts")]
pub async fn create_village_text(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVillageText>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let once = key.bind(&app.vault, who.user, "create_village_text", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::adopt(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let text = read(&app, &who, id).await?;
    Ok(created("self-governance/texts", &text))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageTextQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// Adopted in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// Of this kind only.
    #[param(inline, value_type = Option<VillageTextKind>, example = "charter")]
    kind: Option<VillageTextKind>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List what villages adopted
///
/// In the caller's areas. Newest first.
#[utoipa::path(tag = "self-governance", params(VillageTextQuery), responses((status = 200, description = "A page of texts", body = VillageTextPage)))]
#[get("/self-governance/texts")]
pub async fn list_village_texts(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageTextQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let (area, kind) = (query.area, query.kind);
    let days = listing::days(query.year.as_deref())?;
    let filters = [
        area.as_ref().map(AreaCode::as_str),
        query.year.as_deref(),
        kind.as_ref().map(VillageTextKind::as_str),
    ];
    let bound = listing::bound(&app, &who, "list_village_texts", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, kind, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, show)?;
    Ok(HttpResponse::Ok().json(VillageTextPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read what a village adopted
///
/// By everybody who works there.
#[utoipa::path(tag = "self-governance", params(("text_id" = Uid, Path, description = "The text's id")),
    responses((status = 200, description = "The text", body = VillageText)))]
#[get("/self-governance/texts/{text_id}")]
pub async fn get_village_text(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of what was recorded (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "百福社区居民自治章程"}))]
pub struct VillageTextPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PhotoSlot>)]
    pub evidence: Option<Option<PhotoSlot>>,
}

impl VillageTextPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("evidence", self.evidence.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend what a village adopted
///
/// JSON Merge Patch with `If-Match`, while it is in force. Another wording is another edition.
#[utoipa::path(tag = "self-governance", request_body = VillageTextPatch, params(("text_id" = Uid, Path, description = "The text's id")),
    responses((status = 200, description = "The text after the change", body = VillageText)))]
#[patch("/self-governance/texts/{text_id}")]
pub async fn update_village_text(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<VillageTextPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
