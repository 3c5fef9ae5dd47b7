//! Work that rests, over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::view::{RestingWork, RestingWorkInFull, in_full};
use super::{settle, store};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::text::Limit;
use crate::state::App;
use crate::sync::model::{Cause, RestState};
use crate::{page_of, text_enum};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RestingQuery {
    /// `open` without it.
    #[param(inline, value_type = Option<RestState>, example = "open")]
    state: Option<RestState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

page_of! {
    /// A page of work that rests.
    RestingPage of RestingWork
}

async fn list(app: &App, who: Who, query: RestingQuery, cause: Cause) -> AppResult<HttpResponse> {
    let state = query.state.unwrap_or(RestState::Open);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("resting {cause} {state}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, user) = (who.scope(Action::RestingRead), who.user);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, user, cause, state, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(RestingWork::from(r)))?;
    Ok(HttpResponse::Ok().json(RestingPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

async fn read(app: &App, who: Who, id: web::Path<String>, cause: Cause) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    show(app, who, id, cause).await
}

async fn show(app: &App, who: Who, id: Uid, cause: Cause) -> AppResult<HttpResponse> {
    let vault = app.vault.clone();
    let shown: RestingWorkInFull = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::RestingRead, cause, id)?;
            in_full(c, &vault, &who, row)
        })
        .await?;
    Ok(HttpResponse::Ok().json(shown))
}

/// List conflicts
///
/// Changes that came from phones after somebody else had changed the same fields: one's own, and for coordinators
/// those of their areas.
#[utoipa::path(tag = "sync", params(RestingQuery), responses((status = 200, description = "A page of conflicts", body = RestingPage)))]
#[get("/sync/conflicts")]
pub async fn list_sync_conflicts(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<RestingQuery>,
) -> AppResult<HttpResponse> {
    list(&app, who, query, Cause::Conflict).await
}

/// Read a conflict
///
/// Both values: the phone's, and the record as it stands.
#[utoipa::path(tag = "sync", params(("conflict_id" = Uid, Path, description = "The conflict's id")), responses((status = 200, description = "The conflict", body = RestingWorkInFull)))]
#[get("/sync/conflicts/{conflict_id}")]
pub async fn get_sync_conflict(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    read(&app, who, id, Cause::Conflict).await
}

text_enum! {
    /// Whose value is to stand.
    Side { Server = "server", Phone = "phone" }
}

/// How a conflict ends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    pub take: Side,
}

/// Resolve a conflict
///
/// The server's value stays, or the phone's is put in its place, as an amendment by the caller.
#[utoipa::path(tag = "sync", request_body = Resolution, params(("conflict_id" = Uid, Path, description = "The conflict's id")), responses((status = 200, description = "The conflict, resolved", body = RestingWorkInFull)))]
#[post("/sync/conflicts/{conflict_id}/resolution")]
pub async fn resolve_sync_conflict(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Resolution>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConflictResolve)?;
    let (id, phone) = (path_id(id)?, body.value.take == Side::Phone);
    let (data, caller) = (app.clone().into_inner(), who.clone());
    app.db
        .write(move |c| settle::resolve(c, &data, &caller, id, phone))
        .await?;
    show(&app, who, id, Cause::Conflict).await
}

/// List held work
///
/// Operations that wait for a record that has not arrived: one's own.
#[utoipa::path(tag = "sync", params(RestingQuery), responses((status = 200, description = "A page of held work", body = RestingPage)))]
#[get("/sync/held")]
pub async fn list_held_work(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<RestingQuery>,
) -> AppResult<HttpResponse> {
    list(&app, who, query, Cause::Held).await
}

/// Read held work
///
/// With its body.
#[utoipa::path(tag = "sync", params(("held_id" = Uid, Path, description = "The work's id")), responses((status = 200, description = "The held work", body = RestingWorkInFull)))]
#[get("/sync/held/{held_id}")]
pub async fn get_held_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    read(&app, who, id, Cause::Held).await
}

/// List quarantined work
///
/// Operations whose author no longer has the area: one's own, and for coordinators those of their areas.
#[utoipa::path(tag = "sync", params(RestingQuery), responses((status = 200, description = "A page of quarantined work", body = RestingPage)))]
#[get("/sync/quarantine")]
pub async fn list_quarantined_work(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<RestingQuery>,
) -> AppResult<HttpResponse> {
    list(&app, who, query, Cause::Quarantined).await
}

/// Read quarantined work
///
/// With its body, identity fields masked.
#[utoipa::path(tag = "sync", params(("work_id" = Uid, Path, description = "The work's id")), responses((status = 200, description = "The quarantined work", body = RestingWorkInFull)))]
#[get("/sync/quarantine/{work_id}")]
pub async fn get_quarantined_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    read(&app, who, id, Cause::Quarantined).await
}

/// Release quarantined work
///
/// It is done as its author's, by the rights of the coordinator who releases it.
#[utoipa::path(tag = "sync", params(("work_id" = Uid, Path, description = "The work's id")), responses((status = 200, description = "The work, done", body = RestingWorkInFull)))]
#[post("/sync/quarantine/{work_id}/release")]
pub async fn release_quarantined_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::QuarantineSettle)?;
    let id = path_id(id)?;
    let (data, caller) = (app.clone().into_inner(), who.clone());
    app.db
        .write(move |c| settle::release(c, &data, &caller, id))
        .await?;
    app.outbox.notify_waiters();
    show(&app, who, id, Cause::Quarantined).await
}

/// Decline quarantined work
///
/// It is not done, and its body is destroyed.
#[utoipa::path(tag = "sync", params(("work_id" = Uid, Path, description = "The work's id")), responses((status = 200, description = "The work, declined", body = RestingWorkInFull)))]
#[post("/sync/quarantine/{work_id}/decline")]
pub async fn decline_quarantined_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::QuarantineSettle)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| settle::decline(c, &caller, id))
        .await?;
    show(&app, who, id, Cause::Quarantined).await
}
