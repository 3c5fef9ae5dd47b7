//! Services over HTTP: offering, listing and reading them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::bodies::{FORGOTTEN, NewService};
use super::model::*;
use super::view::{Service, ServicePage, show};
use super::{steps, store};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{self, Body, Params};
use crate::http::page::{Bound, Cursor, Page, PageParams};
use crate::http::precondition::{created, found};
use crate::http::text::Limit;
use crate::residents;
use crate::state::App;

/// Offer a service
///
/// To a resident who lives here. Of a health service only that it was one is kept; `health_kind` is counted in
/// the quarter's tally and forgotten, so a repeated request that differs in it alone is the same request.
#[utoipa::path(tag = "services", request_body = NewService, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The service", body = Service)))]
#[post("/residents/{id}/services")]
pub async fn create_service(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewService>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    let resident = path_id(id)?;
    let kept = json::without(&body.raw, FORGOTTEN);
    let once = key.bind(&app.vault, who.user, "create_service", &kept);
    let (caller, new) = (who.clone(), body.value);
    let (row, resident, person) = app
        .db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| steps::offer(c, &caller, resident, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            let (row, resident) = store::visible(c, &caller, Action::ServiceRead, id)?;
            let person = residents::store::person_of(c, &resident)?;
            Ok((row, resident, person))
        })
        .await?;
    let shown = show(&app.vault, &who, row, &resident, &person)?;
    Ok(created("services", &shown))
}

/// List a resident's services
///
/// All of them, newest first.
#[utoipa::path(tag = "services", params(PageParams, ("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "A page of services", body = ServicePage)))]
#[get("/residents/{id}/services")]
pub async fn list_resident_services(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_resident_services {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let caller = who.clone();
    let (rows, resident, person) = app
        .db
        .read(move |c| {
            let resident = residents::store::visible(c, &caller, Action::ServiceRead, id)?;
            let person = residents::store::person_of(c, &resident)?;
            Ok((store::of_resident(c, &resident, page)?, resident, person))
        })
        .await?;
    let render = |row| show(&app.vault, &who, row, &resident, &person);
    let (items, next) = bound.finish(page, rows, |r| r.id, render)?;
    Ok(HttpResponse::Ok().json(ServicePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceQuery {
    /// Services in this state only.
    #[param(inline, value_type = Option<ServiceState>, example = "accepted")]
    state: Option<ServiceState>,
    /// Those to come back for before this day only, of people who consent to it.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    follow_up_due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List services
///
/// Field members: those of residents they registered or are assigned to. Coordinators: those of their areas.
#[utoipa::path(tag = "services", params(ServiceQuery), responses((status = 200, description = "A page of services", body = ServicePage)))]
#[get("/services")]
pub async fn list_services(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ServiceQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceRead)?;
    let (state, due_before) = (query.state, query.follow_up_due_before);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_services {state:?} {due_before:?}"),
    };
    let page: Page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, caller) = (who.scope(Action::ServiceRead), who.clone());
    let rows = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, state, due_before, page)?;
            store::with_theirs(c, &caller, rows)
        })
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |(row, ..)| row.id,
        |(row, resident, person)| show(&app.vault, &who, row, &resident, &person),
    )?;
    Ok(HttpResponse::Ok().json(ServicePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a service
///
/// By whoever may read its resident; coordinators without the provider's contact.
#[utoipa::path(tag = "services", params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[get("/services/{id}")]
pub async fn get_service(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Service> {
    let caller = who.clone();
    let (row, resident, person) = app
        .db
        .read(move |c| {
            let (row, resident) = store::visible(c, &caller, Action::ServiceRead, id)?;
            let person = residents::store::person_of(c, &resident)?;
            Ok((row, resident, person))
        })
        .await?;
    show(&app.vault, who, row, &resident, &person)
}
