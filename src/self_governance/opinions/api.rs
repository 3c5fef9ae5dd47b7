//! Opinions of a village over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::VillageOpinionState;
use super::store::{self, Which};
use super::view::{VillageOpinion, VillageOpinionPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{created, found};
use crate::http::text::{AreaCode, Limit, Note, not_null};
use crate::self_governance::listing;
use crate::state::App;
use crate::visits::model::OpinionTopic;

/// What was voiced, by nobody in particular.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "topic": "facilities", "told": "会员之家周末也应开放。", "voiced_on": "2026-04-10"}))]
pub struct NewVillageOpinion {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village of the caller's own.
    pub area: AreaCode,
    /// The deliberation of this village in which it was voiced.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub deliberation_id: Option<Uid>,
    pub topic: OpinionTopic,
    /// What was said, never by or about whom.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub told: Option<Note>,
    pub voiced_on: Day,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageOpinion> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &caller, Action::VillageOpinionRead, id))
        .await?;
    show(&app.vault, who, row.into_row())
}

/// Record what was voiced
///
/// In a village, by nobody in particular; what somebody says at a visit stands with the visit. An answer is owed ten
/// working days later. Of one village 200 may wait for an answer (`too_many`).
#[utoipa::path(tag = "self-governance", request_body = NewVillageOpinion, responses((status = 201, description = "The opinion", body = VillageOpinion)))]
#[post("/self-governance/opinions")]
pub async fn create_village_opinion(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVillageOpinion>,
) -> AppResult<HttpResponse> {
    who.may(Action::VillageOpinionWrite)?;
    let once = key.bind(&app.vault, who.user, "create_village_opinion", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::voice(c, &vault, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let opinion = read(&app, &who, id).await?;
    Ok(created("self-governance/opinions", &opinion))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageOpinionQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// Voiced in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// In this state only.
    #[param(inline, value_type = Option<VillageOpinionState>, example = "open")]
    state: Option<VillageOpinionState>,
    /// Unanswered ones due before this day only; today's date gives those that are overdue.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List opinions of villages
///
/// In the caller's areas. Newest first.
#[utoipa::path(tag = "self-governance", params(VillageOpinionQuery), responses((status = 200, description = "A page of opinions", body = VillageOpinionPage)))]
#[get("/self-governance/opinions")]
pub async fn list_village_opinions(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageOpinionQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::VillageOpinionRead)?;
    let area = query.area;
    let which = Which {
        state: query.state,
        due_before: query.due_before,
    };
    let days = listing::days(query.year.as_deref())?;
    let told = format!("{which:?}");
    let filters = [
        area.as_ref().map(AreaCode::as_str),
        query.year.as_deref(),
        Some(told.as_str()),
    ];
    let bound = listing::bound(&app, &who, "list_village_opinions", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::VillageOpinionRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, which, page)
        })
        .await?;
    let shown = |row| show(&app.vault, &who, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(VillageOpinionPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an opinion of a village
///
/// With what became of it and until when an answer is owed.
#[utoipa::path(tag = "self-governance", params(("opinion_id" = Uid, Path, description = "The opinion's id")),
    responses((status = 200, description = "The opinion", body = VillageOpinion)))]
#[get("/self-governance/opinions/{opinion_id}")]
pub async fn get_village_opinion(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::VillageOpinionRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
