//! Deliberations over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store;
use super::view::{Deliberation, DeliberationPage, TakingPart, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Label, Limit, UpTo, not_null};
use crate::self_governance::listing;
use crate::state::App;
use crate::visits::model::PhotoSlot;

/// A deliberation to announce.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "topic": "charter", "title": "自治章程草案", "form": "villagers_assembly", "announced_on": "2026-04-01", "taking_part": [{"stage": "before", "way": "consultation", "on": "2026-04-02", "participants": 120}]}))]
pub struct NewDeliberation {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village of the caller's own.
    pub area: AreaCode,
    /// The charter under which it is held; the one in force on that day without it. A deliberation about the charter
    /// itself needs none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub charter_id: Option<Uid>,
    pub topic: DeliberationTopic,
    /// What it is about, never who.
    pub title: Label,
    pub form: DeliberationForm,
    pub announced_on: Day,
    /// What people did before it; what they do in it and after it is told once it was held.
    #[serde(default)]
    #[schema(value_type = Vec<TakingPart>, max_items = 30)]
    pub taking_part: UpTo<30, TakingPart>,
    /// A photo of the notice.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub evidence: Option<PhotoSlot>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Deliberation> {
    let who = who.clone();
    let (row, parts) = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::SelfGovernanceRead, id)?;
            Ok((row.into_row(), store::parts_of(c, &[id])?))
        })
        .await?;
    show(&parts, row)
}

/// Announce a deliberation
///
/// Of a village, under the charter that is in force.
#[utoipa::path(tag = "self-governance", request_body = NewDeliberation, responses((status = 201, description = "The deliberation", body = Deliberation)))]
#[post("/self-governance/deliberations")]
pub async fn create_deliberation(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewDeliberation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let once = key.bind(&app.vault, who.user, "create_deliberation", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::announce(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let deliberation = read(&app, &who, id).await?;
    Ok(created("self-governance/deliberations", &deliberation))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliberationQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// Announced in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// In this state only.
    #[param(inline, value_type = Option<DeliberationState>, example = "held")]
    state: Option<DeliberationState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List deliberations
///
/// In the caller's areas. Newest first.
#[utoipa::path(tag = "self-governance", params(DeliberationQuery), responses((status = 200, description = "A page of deliberations", body = DeliberationPage)))]
#[get("/self-governance/deliberations")]
pub async fn list_deliberations(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<DeliberationQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let (area, state) = (query.area, query.state);
    let days = listing::days(query.year.as_deref())?;
    let filters = [
        area.as_ref().map(AreaCode::as_str),
        query.year.as_deref(),
        state.as_ref().map(DeliberationState::as_str),
    ];
    let bound = listing::bound(&app, &who, "list_deliberations", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let (rows, parts) = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            let rows = store::list(c, &scope, filter, state, page)?;
            let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
            let parts = store::parts_of(c, &ids)?;
            Ok((rows, parts))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |row| show(&parts, row))?;
    Ok(HttpResponse::Ok().json(DeliberationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a deliberation
///
/// With the ways in which people took part.
#[utoipa::path(tag = "self-governance", params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 200, description = "The deliberation", body = Deliberation)))]
#[get("/self-governance/deliberations/{deliberation_id}")]
pub async fn get_deliberation(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a deliberation (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "会员之家周末开放"}))]
pub struct DeliberationPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    /// All of them, in the place of those before.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<TakingPart>>, nullable = false, max_items = 30)]
    pub taking_part: Option<UpTo<30, TakingPart>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PhotoSlot>)]
    pub evidence: Option<Option<PhotoSlot>>,
}

impl DeliberationPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("taking_part", self.taking_part.is_some()),
            ("evidence", self.evidence.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a deliberation
///
/// JSON Merge Patch with `If-Match`, unless it was cancelled.
#[utoipa::path(tag = "self-governance", request_body = DeliberationPatch, params(("deliberation_id" = Uid, Path, description = "The deliberation's id")),
    responses((status = 200, description = "The deliberation after the change", body = Deliberation)))]
#[patch("/self-governance/deliberations/{deliberation_id}")]
pub async fn update_deliberation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<DeliberationPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
