//! What is to be done for decisions, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Which};
use super::view::{Implementation, ImplementationPage, show};
use crate::associations::posts::model::PostKind;
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

/// What is to be done for a decision, by whom and until when.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"task": "排定周末值班表", "owner_post": "secretary_general", "due_on": "2026-05-10"}))]
pub struct NewImplementation {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// What is to be done, never about whom.
    pub task: Label,
    /// A post of the village's association. One of `owner_post` and `owner_user_id` is set.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_post: Option<PostKind>,
    /// A colleague who works in the village.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_user_id: Option<Uid>,
    /// Not before the decision.
    pub due_on: Day,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Implementation> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &caller, Action::SelfGovernanceRead, id))
        .await?;
    show(&app.vault, who.at.china_day(), row.into_row())
}

/// Say what is to be done for a decision
///
/// One that was adopted; who owns it and until when.
#[utoipa::path(tag = "self-governance", request_body = NewImplementation, params(("decision_id" = Uid, Path, description = "The decision's id")),
    responses((status = 201, description = "What is to be done", body = Implementation)))]
#[post("/self-governance/decisions/{decision_id}/implementations")]
pub async fn create_implementation(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewImplementation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let decision = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_implementation", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                commands::begin(c, &caller, decision, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let shown = read(&app, &who, id).await?;
    Ok(created("self-governance/implementations", &shown))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImplementationQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// Decided in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// For this decision only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    decision_id: Option<Uid>,
    /// In this state only.
    #[param(inline, value_type = Option<ImplementationState>, example = "open")]
    state: Option<ImplementationState>,
    /// Open ones due before this day only; today's date gives those that are overdue.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List what is to be done
///
/// In the caller's areas. Newest first.
#[utoipa::path(tag = "self-governance", params(ImplementationQuery), responses((status = 200, description = "A page of what is to be done", body = ImplementationPage)))]
#[get("/self-governance/implementations")]
pub async fn list_implementations(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ImplementationQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    let which = Which {
        decision: query.decision_id,
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
    let bound = listing::bound(&app, &who, "list_implementations", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), days)?;
            store::list(c, &scope, filter, which, page)
        })
        .await?;
    let today = who.at.china_day();
    let shown = |row| show(&app.vault, today, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(ImplementationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read what is to be done
///
/// With what may be done next and until when.
#[utoipa::path(tag = "self-governance", params(("implementation_id" = Uid, Path, description = "Its id")),
    responses((status = 200, description = "What is to be done", body = Implementation)))]
#[get("/self-governance/implementations/{implementation_id}")]
pub async fn get_implementation(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of what is to be done (JSON Merge Patch). Another owner takes the place of the one before.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2026-06-30"}))]
pub struct ImplementationPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub task: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_post: Option<PostKind>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_user_id: Option<Uid>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub due_on: Option<Day>,
}

impl ImplementationPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("task", self.task.is_some()),
            ("owner_post", self.owner_post.is_some()),
            ("owner_user_id", self.owner_user_id.is_some()),
            ("due_on", self.due_on.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend what is to be done
///
/// JSON Merge Patch with `If-Match`, while it is open. That a day was moved stays in the audit.
#[utoipa::path(tag = "self-governance", request_body = ImplementationPatch, params(("implementation_id" = Uid, Path, description = "Its id")),
    responses((status = 200, description = "What is to be done, after the change", body = Implementation)))]
#[patch("/self-governance/implementations/{implementation_id}")]
pub async fn update_implementation(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<ImplementationPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
