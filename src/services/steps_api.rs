//! The steps of a service over HTTP, each a resource below it.

use actix_web::{HttpResponse, post, put, web};

use super::api::read;
use super::bodies::*;
use super::steps::{self, Told};
use super::view::Service;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::state::App;

async fn taken(app: &App, who: Who, id: web::Path<String>, told: Told) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| steps::take(c, &vault, &caller, id, &told))
        .await?;
    Ok(changed(&read(app, &who, id).await?))
}

/// Accept a service
///
/// The resident accepts what was offered.
#[utoipa::path(tag = "services", request_body = ServiceAcceptance, params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[post("/services/{id}/acceptance")]
pub async fn accept_service(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ServiceAcceptance>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    taken(&app, who, id, body.value.told()).await
}

/// Decline a service
///
/// The resident declines what was offered; a day to come back is taken away.
#[utoipa::path(tag = "services", request_body = ServiceRefusal, params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[post("/services/{id}/refusal")]
pub async fn decline_service(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ServiceRefusal>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    taken(&app, who, id, body.value.told()).await
}

/// Refer a service
///
/// The resident accepted and is referred to somebody who gives the service.
#[utoipa::path(tag = "services", request_body = ServiceReferral, params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[post("/services/{id}/referral")]
pub async fn refer_service(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ServiceReferral>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    taken(&app, who, id, body.value.told()).await
}

/// Deliver a service
///
/// The service was given, by ourselves or by whom the resident was referred to.
#[utoipa::path(tag = "services", request_body = ServiceDelivery, params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[post("/services/{id}/delivery")]
pub async fn deliver_service(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ServiceDelivery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    taken(&app, who, id, body.value.told()).await
}

/// Set when to come back
///
/// On a day, with the person's consent to `service_follow_up`, or not any more.
#[utoipa::path(tag = "services", request_body = ServiceFollowUp, params(("id" = Uid, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service)))]
#[put("/services/{id}/follow-up")]
pub async fn set_service_follow_up(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ServiceFollowUp>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceWrite)?;
    taken(&app, who, id, body.value.told()).await
}
