//! Action items over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, ItemFilter};
use super::view::{ActionItem, ActionItemPage, show_item};
use crate::associations::posts::model::PostKind;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Limit, Note, not_null};
use crate::state::App;

/// A problem that a study raised.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"problem": "设立经费专户。", "owner_post": "executive_vice_president", "due_on": "2026-06-30"}))]
pub struct NewProblem {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// What is to be done, of the office and never of a person.
    pub problem: Note,
    /// The study's association without it, or one that stands under it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_association_id: Option<Uid>,
    /// The post that owns it, whoever holds it.
    pub owner_post: PostKind,
    pub due_on: Day,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<ActionItem> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::item(c, &caller, Action::StudyRead, id)?.into_row()))
        .await?;
    show_item(&app.vault, who.at.china_day(), row)
}

/// Add a problem to a study
///
/// Owned by a post until a day.
#[utoipa::path(tag = "associations", request_body = NewProblem, params(("id" = Uid, Path, description = "The study's id")),
    responses((status = 201, description = "The action item", body = ActionItem)))]
#[post("/studies/{id}/problems")]
pub async fn create_study_problem(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewProblem>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let study = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_study_problem", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                let study = store::locked(c, &caller, Action::StudyWrite, study)?;
                commands::raise(c, &vault, &caller, &study, &new, 0)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("action-items", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActionItemQuery {
    /// Owned by this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// In this state only.
    #[param(inline, value_type = Option<ItemState>, example = "open")]
    state: Option<ItemState>,
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

/// List action items
///
/// Those owned by associations in the caller's areas. Newest first.
#[utoipa::path(tag = "associations", params(ActionItemQuery), responses((status = 200, description = "A page of action items", body = ActionItemPage)))]
#[get("/action-items")]
pub async fn list_action_items(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ActionItemQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyRead)?;
    let filter = ItemFilter {
        association: query.association_id,
        state: query.state,
        due_before: query.due_before,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_action_items {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, today) = (who.scope(Action::StudyRead).shared(), who.at.china_day());
    let rows = app
        .db
        .read(move |c| store::list_items(c, &scope, filter, page))
        .await?;
    let shown = |row| show_item(&app.vault, today, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(ActionItemPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an action item
///
/// With what may be done next and until when.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The item's id")),
    responses((status = 200, description = "The action item", body = ActionItem)))]
#[get("/action-items/{id}")]
pub async fn get_action_item(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of an open action item (JSON Merge Patch).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2026-09-30"}))]
pub struct ItemPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub owner_post: Option<PostKind>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub due_on: Option<Day>,
}

impl ItemPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("owner_post", self.owner_post.is_some()),
            ("due_on", self.due_on.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend an action item
///
/// JSON Merge Patch with `If-Match`, while it is open. That a day was moved stays in the audit.
#[utoipa::path(tag = "associations", request_body = ItemPatch, params(("id" = Uid, Path, description = "The item's id")),
    responses((status = 200, description = "The action item after the change", body = ActionItem)))]
#[patch("/action-items/{id}")]
pub async fn update_action_item(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<ItemPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend_item(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// That a problem was solved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closed_on": "2026-06-20", "outcome": "专户已设立。"}))]
pub struct Closure {
    pub closed_on: Day,
    /// What was done.
    pub outcome: Note,
}

/// Close an action item
///
/// With what was done; one that was explained may be solved later.
#[utoipa::path(tag = "associations", request_body = Closure, params(("id" = Uid, Path, description = "The item's id")),
    responses((status = 200, description = "The closed action item", body = ActionItem)))]
#[post("/action-items/{id}/closure")]
pub async fn close_action_item(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Closure>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::close(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Why a problem was not solved.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"explained_on": "2026-06-30", "reason": "funds_missing"}))]
pub struct Explanation {
    pub explained_on: Day,
    pub reason: ItemReason,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

/// Explain an action item
///
/// Why the problem was not solved.
#[utoipa::path(tag = "associations", request_body = Explanation, params(("id" = Uid, Path, description = "The item's id")),
    responses((status = 200, description = "The explained action item", body = ActionItem)))]
#[post("/action-items/{id}/explanation")]
pub async fn explain_action_item(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Explanation>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::explain(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
