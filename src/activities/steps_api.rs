//! The steps of an activity over HTTP: report, return, confirm, cancel.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::view::Activity;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::{IfMatch, changed};
use crate::http::text::{Int, UpTo};
use crate::state::App;
use crate::visits::model::PhotoSlot;

/// Runs a step and answers the activity after it.
async fn taken(
    app: &App,
    who: Who,
    id: web::Path<String>,
    step: impl Fn(&mut DbConn, &Who, Uid) -> AppResult<()> + Send + 'static,
) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let caller = who.clone();
    app.db.write(move |c| step(c, &caller, id)).await?;
    Ok(changed(&read(app, &who, id).await?))
}

/// How an activity went. Figures only: never a word about anybody who came.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "starts_at": "2026-05-29T01:05:00Z", "ends_at": "2026-05-29T03:20:00Z",
    "participants": 85, "leaflets": 200, "households_informed": 40,
    "media": [{ "channel": "television", "outlet": "南湖电视台", "title": "会员活动日走进社区", "published_on": "2026-05-29" }]
}))]
pub struct ActivityReport {
    /// When it began, at most five minutes ahead of the server's clock.
    pub starts_at: Micros,
    pub ends_at: Micros,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 85)]
    pub participants: Int<0, 1_000_000>,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 200)]
    pub leaflets: Int<0, 1_000_000>,
    /// Households told about insurance.
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 40)]
    pub households_informed: Int<0, 1_000_000>,
    /// Who told of it by radio, television and internet.
    #[serde(default)]
    #[schema(value_type = Vec<MediaReport>, max_items = 20)]
    pub media: UpTo<20, MediaReport>,
    /// Photos that were taken, without anything that a camera wrote into them.
    #[serde(default)]
    #[schema(value_type = Vec<PhotoSlot>, max_items = 20)]
    pub photos: UpTo<20, PhotoSlot>,
}

/// Report an activity
///
/// By anybody who works at its place, once it began. A returned report is told anew, whole.
#[utoipa::path(tag = "activities", request_body = ActivityReport, params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The reported activity", body = Activity)))]
#[post("/activities/{id}/report")]
pub async fn report_activity(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ActivityReport>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityReport)?;
    let report = body.value;
    taken(&app, who, id, move |c, who, id| {
        commands::report(c, who, id, &report)
    })
    .await
}

/// Why a report goes back.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityReturn {
    pub reason: ActivityReturnReason,
}

/// Return a report
///
/// For correction, by a coordinator or organiser of the area who neither reported nor organised the activity.
/// Whoever reported it finds a notification in the inbox.
#[utoipa::path(tag = "activities", request_body = ActivityReturn, params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The returned activity", body = Activity)))]
#[post("/activities/{id}/return")]
pub async fn return_activity(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ActivityReturn>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityReview)?;
    let why = body.value;
    let answer = taken(&app, who, id, move |c, who, id| {
        commands::send_back(c, who, id, &why)
    })
    .await?;
    app.outbox.notify_waiters();
    Ok(answer)
}

/// Confirm a report
///
/// By a coordinator or organiser of the area who neither reported nor organised the activity. Its last step.
/// `If-Match` names the version that was read, so that nobody confirms figures they have not seen.
#[utoipa::path(tag = "activities", params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The confirmed activity", body = Activity)))]
#[post("/activities/{id}/confirmation")]
pub async fn confirm_activity(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    read: IfMatch,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityReview)?;
    taken(&app, who, id, move |c, who, id| {
        commands::confirm(c, who, id, Some(read.0))
    })
    .await
}

/// Cancel an activity
///
/// That is planned or whose report was returned, by who planned it, who organises it or a coordinator or
/// organiser of the area.
#[utoipa::path(tag = "activities", params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The cancelled activity", body = Activity)))]
#[post("/activities/{id}/cancellation")]
pub async fn cancel_activity(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityWrite)?;
    taken(&app, who, id, commands::cancel).await
}
