//! Activities over HTTP: plan, list, read, amend.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::ActivityKind;
use super::rules::ActivityState;
use super::store::{self, ActivityFilter};
use super::view::{Activity, ActivityPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Address, AreaCode, Label, Limit, not_null};
use crate::state::App;

/// An activity to hold, at exactly one of `member_home_id` and `venue`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "area": "330402007024", "venue": "百福弄小广场", "kind": "on_the_spot", "title": "会员活动日现场宣传",
    "starts_at": "2026-05-29T01:00:00Z", "ends_at": "2026-05-29T03:30:00Z"
}))]
pub struct NewActivity {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// The campaign it is of; its place lies in the campaign's area.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub campaign_id: Option<Uid>,
    /// With `venue`: a county, township or village of the caller's own. A member home has its own area.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub area: Option<AreaCode>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub member_home_id: Option<Uid>,
    /// Where the public finds it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub venue: Option<Address>,
    pub kind: ActivityKind,
    #[schema(example = "会员活动日现场宣传")]
    pub title: Label,
    pub starts_at: Micros,
    /// After the start, by 31 days at most.
    pub ends_at: Micros,
    /// Somebody who works there; the caller when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub organiser_id: Option<Uid>,
}

/// An activity as the caller sees it.
pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Activity> {
    let who = who.clone();
    app.db
        .read(move |c| {
            let row = store::visible(c, &who, Action::ActivityRead, id)?.into_row();
            let shown = show(c, &who, vec![row])?;
            shown.into_iter().next().ok_or_else(AppError::not_found)
        })
        .await
}

/// Plan an activity
///
/// At a member home or a public place of the caller's areas. Everybody who works there sees it.
#[utoipa::path(tag = "activities", request_body = NewActivity, responses((status = 201, description = "The activity", body = Activity)))]
#[post("/activities")]
pub async fn create_activity(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewActivity>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityWrite)?;
    let once = key.bind(&app.vault, who.user, "create_activity", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::plan(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("activities", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Activities in this state only.
    #[param(inline, value_type = Option<ActivityState>, example = "reported")]
    state: Option<ActivityState>,
    /// Activities of this campaign only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    campaign_id: Option<Uid>,
    /// Beginning on this day or later.
    #[param(value_type = Option<String>, format = "date", max_length = 10, example = "2026-05-01")]
    from: Option<Day>,
    /// Beginning on this day or earlier.
    #[param(value_type = Option<String>, format = "date", max_length = 10, example = "2026-05-31")]
    until: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List activities
///
/// Those of the caller's areas, newest first: everybody who works there shares them.
#[utoipa::path(tag = "activities", params(ActivityQuery), responses((status = 200, description = "A page of activities", body = ActivityPage)))]
#[get("/activities")]
pub async fn list_activities(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ActivityQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityRead)?;
    let filter = ActivityFilter {
        state: query.state,
        campaign: query.campaign_id,
        from: query.from,
        until: query.until,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_activities {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::ActivityRead).shared();
    let caller = who.clone();
    let (rows, next) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            let more = rows.len() as i64 > page.limit;
            let rows: Vec<_> = rows.into_iter().take(page.limit as usize).collect();
            let next = rows.last().filter(|_| more).map(|row| row.id);
            Ok((show(c, &caller, rows)?, next))
        })
        .await?;
    Ok(HttpResponse::Ok().json(ActivityPage {
        items: rows,
        next_cursor: next.map(|last| Cursor(bound.encode(last))),
    }))
}

/// Read an activity
///
/// With its report and what its state leaves open.
#[utoipa::path(tag = "activities", params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The activity", body = Activity)))]
#[get("/activities/{id}")]
pub async fn get_activity(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of an activity (JSON Merge Patch). Its campaign and its area stay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "会员活动日现场咨询" }))]
pub struct ActivityPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub kind: Option<ActivityKind>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    /// Not of one that is held at a member home.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub venue: Option<Address>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub starts_at: Option<Micros>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ends_at: Option<Micros>,
    /// Somebody who works there.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub organiser_id: Option<Uid>,
}

impl ActivityPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("kind", self.kind.is_some()),
            ("title", self.title.is_some()),
            ("venue", self.venue.is_some()),
            ("starts_at", self.starts_at.is_some()),
            ("ends_at", self.ends_at.is_some()),
            ("organiser_id", self.organiser_id.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend an activity
///
/// JSON Merge Patch with `If-Match`, by who planned it, who organises it or a coordinator or organiser of the
/// area, while it is planned or its report was returned.
#[utoipa::path(tag = "activities", request_body = ActivityPatch, params(("id" = Uid, Path, description = "The activity's id")),
    responses((status = 200, description = "The activity after the change", body = Activity)))]
#[patch("/activities/{id}")]
pub async fn update_activity(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<ActivityPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::ActivityWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
