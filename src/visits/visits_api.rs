//! Visits over HTTP: log, list, read, amend, and their three transitions.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::follow_ups_api::NewFollowUp;
use super::model::*;
use super::rules::VisitState;
use super::visits_log;
use super::visits_store::{self as store, VisitFilter};
use super::visits_view::{Visit, VisitPage, load, show, summary};
use crate::auth::{Action, Who};
use crate::db::{Micros, Uid};
use crate::error::{AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params, invalid};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Limit, Note, UpTo, not_null};
use crate::residents::model::Need;
use crate::state::App;

/// Where a visit took place, in degrees (WGS 84). The server rounds both to three decimals,
/// about 100 m, before anything is stored; nothing finer is kept anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Latitude.
    #[schema(minimum = -90, maximum = 90, example = 30.746)]
    #[validate(range(min = -90.0, max = 90.0, code = "out_of_range"))]
    pub lat: f64,
    /// Longitude.
    #[schema(minimum = -180, maximum = 180, example = 120.758)]
    #[validate(range(min = -180.0, max = 180.0, code = "out_of_range"))]
    pub lng: f64,
}

impl Position {
    pub fn coarse(lat_milli: i64, lng_milli: i64) -> Position {
        Position {
            lat: lat_milli as f64 / 1000.0,
            lng: lng_milli as f64 / 1000.0,
        }
    }
}

/// An opinion or suggestion, coded first. Write what was asked for, never who somebody is.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOpinion {
    pub topic: OpinionTopic,
    pub text: Note,
    /// Whether an answer was promised: it is then owed by a day, as a concern.
    #[schema(example = true)]
    pub answer_owed: bool,
}

/// A visit as its author logs it. It goes to exactly one of `member_home_id` and `household_id`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = one_target))]
#[schema(example = json!({
    "member_home_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "purpose": "routine",
    "started_at": "2026-05-29T01:00:00Z", "ended_at": "2026-05-29T01:40:00Z",
    "position": { "lat": 30.746, "lng": 120.758 },
    "offered": ["culture_and_sport"], "needs_voiced": ["equipment"], "needs_note": "活动室需要更换灯具。",
    "opinions": [{ "topic": "activities", "text": "希望周末也开放。", "answer_owed": true }],
    "follow_ups": [{ "due_on": "2026-06-12", "task": "联系更换灯具" }]
}))]
pub struct NewVisit {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A member home of the caller's areas.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub member_home_id: Option<Uid>,
    /// A household that the caller registered or is assigned to, or of a coordinator's area.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub household_id: Option<Uid>,
    pub purpose: VisitPurpose,
    /// At most five minutes ahead of the server's clock.
    pub started_at: Micros,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ended_at: Option<Micros>,
    /// Users who came along.
    #[serde(default)]
    #[schema(max_items = 10)]
    #[validate(length(max = 10, code = "too_many"))]
    pub companions: Vec<Uid>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub position: Option<Position>,
    /// Services that were offered.
    #[serde(default)]
    #[schema(max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    pub offered: Vec<Need>,
    #[serde(default)]
    #[schema(max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    pub needs_voiced: Vec<VoicedNeed>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub needs_note: Option<Note>,
    #[serde(default)]
    #[schema(value_type = Vec<NewOpinion>, max_items = 10)]
    pub opinions: UpTo<10, NewOpinion>,
    /// Photos that were taken; their files follow.
    #[serde(default)]
    #[schema(value_type = Vec<PhotoSlot>, max_items = 20)]
    pub photos: UpTo<20, PhotoSlot>,
    /// What is left to do. About a household only with somebody's consent to `service_follow_up`
    /// (`consent_required`, `consent_withdrawn`).
    #[serde(default)]
    #[schema(value_type = Vec<NewFollowUp>, max_items = 10)]
    pub follow_ups: UpTo<10, NewFollowUp>,
}

fn one_target(v: &NewVisit) -> Result<(), validator::ValidationError> {
    match (v.member_home_id, v.household_id) {
        (None, None) => Err(invalid("/member_home_id", Fault::Required)),
        (Some(_), Some(_)) => Err(invalid("/household_id", Fault::NotFitting)),
        _ => Ok(()),
    }
}

async fn read(app: &App, who: &Who, id: Uid, warnings: Vec<VisitWarning>) -> AppResult<Visit> {
    let caller = who.clone();
    let (mut hung, row) = app
        .db
        .read(move |c| {
            let visit = store::visible(c, &caller, Action::VisitRead, id)?.into_row();
            Ok((load(c, std::slice::from_ref(&visit))?, visit))
        })
        .await?;
    let visit = show(&app.vault, who, &mut hung, row)?;
    Ok(Visit { warnings, ..visit })
}

/// Log a visit
///
/// To a member home or a household. It is a draft that its author alone sees, until it is submitted.
/// A suspected duplicate (the same place on the same day, or two visits of one author within half an
/// hour) is answered as a warning and never blocks.
#[utoipa::path(tag = "visits", request_body = NewVisit, responses((status = 201, description = "The draft", body = Visit)))]
#[post("/visits")]
pub async fn create_visit(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVisit>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitWrite)?;
    let once = key.bind(&app.vault, who.user, "create_visit", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let (id, warnings) = app
        .db
        .write(move |c| {
            let mut warnings = Vec::new();
            let made = once.run(c, caller.at, |c| {
                let visit = visits_log::log(c, &vault, &caller, &new)?;
                warnings = visits_log::warnings(c, &visit)?;
                Ok(visit.id)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            Ok((id, warnings))
        })
        .await?;
    Ok(created("visits", &read(&app, &who, id, warnings).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitQuery {
    /// Visits in this state only.
    #[param(inline, value_type = Option<VisitState>, example = "submitted")]
    state: Option<VisitState>,
    /// Visits to this member home only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    member_home_id: Option<Uid>,
    /// Visits to this household only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    household_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List visits
///
/// Coordinators: those of their areas. Field members: their own, and those to households assigned to
/// them. Drafts only to their author. Without texts: read a visit for those.
#[utoipa::path(tag = "visits", params(VisitQuery), responses((status = 200, description = "A page of visits", body = VisitPage)))]
#[get("/visits")]
pub async fn list_visits(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VisitQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitRead)?;
    let filter = VisitFilter {
        state: query.state,
        member_home: query.member_home_id,
        household: query.household_id,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_visits {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, caller) = (who.scope(Action::VisitRead), who.user);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, caller, filter, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, summary)?;
    Ok(HttpResponse::Ok().json(VisitPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a visit
///
/// With its texts, opinions and follow-ups, and what the caller may do with it now.
#[utoipa::path(tag = "visits", params(("id" = Uid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit", body = Visit)))]
#[get("/visits/{id}")]
pub async fn get_visit(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitRead)?;
    let visit = read(&app, &who, path_id(id)?, Vec::new()).await?;
    Ok(found(&req, &visit))
}

/// A change of a visit (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
/// Lists are replaced whole; of the follow-ups only those still open.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"needs_voiced": ["equipment"], "needs_note": "活动室需要更换两盏灯。"}))]
pub struct VisitPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub purpose: Option<VisitPurpose>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub started_at: Option<Micros>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Micros>)]
    pub ended_at: Option<Option<Micros>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 10)]
    #[validate(length(max = 10, code = "too_many"))]
    pub companions: Option<Vec<Uid>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Position>)]
    #[validate(nested)]
    pub position: Option<Option<Position>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    pub offered: Option<Vec<Need>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    pub needs_voiced: Option<Vec<VoicedNeed>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    pub needs_note: Option<Option<Note>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<NewOpinion>>, nullable = false, max_items = 10)]
    pub opinions: Option<UpTo<10, NewOpinion>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<PhotoSlot>>, nullable = false, max_items = 20)]
    pub photos: Option<UpTo<20, PhotoSlot>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<NewFollowUp>>, nullable = false, max_items = 10)]
    pub follow_ups: Option<UpTo<10, NewFollowUp>>,
}

impl VisitPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("purpose", self.purpose.is_some()),
            ("started_at", self.started_at.is_some()),
            ("ended_at", self.ended_at.is_some()),
            ("companions", self.companions.is_some()),
            ("position", self.position.is_some()),
            ("offered", self.offered.is_some()),
            ("needs_voiced", self.needs_voiced.is_some()),
            ("needs_note", self.needs_note.is_some()),
            ("opinions", self.opinions.is_some()),
            ("photos", self.photos.is_some()),
            ("follow_ups", self.follow_ups.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a visit
///
/// JSON Merge Patch with `If-Match`, by the author, while it is a draft or was returned. A visit keeps its target.
#[utoipa::path(tag = "visits", request_body = VisitPatch, params(("id" = Uid, Path, description = "The visit's id")),
    responses((status = 200, description = "The visit after the change", body = Visit)))]
#[patch("/visits/{id}")]
pub async fn update_visit(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<VisitPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    let warnings = app
        .db
        .write(move |c| {
            let visit = visits_log::amend(c, &vault, &caller, id, Some(version.0), &patch)?;
            visits_log::warnings(c, &visit)
        })
        .await?;
    Ok(changed(&read(&app, &who, id, warnings).await?))
}

/// Submit a visit
///
/// By its author. From here on the coordinators of the area see it, and its follow-ups; it is not
/// amended any more unless it is returned. Each opinion and need becomes a concern with an answer owed
/// in ten working days (`list_concerns`).
#[utoipa::path(tag = "visits", params(("id" = Uid, Path, description = "The visit's id")),
    responses((status = 200, description = "The submitted visit", body = Visit)))]
#[post("/visits/{id}/submission")]
pub async fn submit_visit(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitWrite)?;
    let id = path_id(id)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| visits_log::submit(c, &vault, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id, Vec::new()).await?))
}

/// Why a visit goes back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnNote {
    pub reason: ReturnReason,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

/// Return a visit
///
/// To its author for correction, by a coordinator of the area who took no part in it. The author finds a
/// notification in the inbox.
#[utoipa::path(tag = "visits", request_body = ReturnNote, params(("id" = Uid, Path, description = "The visit's id")),
    responses((status = 200, description = "The returned visit", body = Visit)))]
#[post("/visits/{id}/return")]
pub async fn return_visit(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ReturnNote>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitReview)?;
    let id = path_id(id)?;
    let (vault, caller, why) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| visits_log::send_back(c, &vault, &caller, id, &why))
        .await?;
    app.outbox.notify_waiters();
    Ok(changed(&read(&app, &who, id, Vec::new()).await?))
}

/// Confirm a visit
///
/// By a coordinator of the area who took no part in it, be it as author or companion. Its last step.
#[utoipa::path(tag = "visits", params(("id" = Uid, Path, description = "The visit's id")),
    responses((status = 200, description = "The confirmed visit", body = Visit)))]
#[post("/visits/{id}/confirmation")]
pub async fn confirm_visit(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::VisitReview)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| visits_log::confirm(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id, Vec::new()).await?))
}
