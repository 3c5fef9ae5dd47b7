//! Lessons of health education over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::sessions;
use super::store_projects::{self as store, SessionFilter};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{Int, Limit, not_null};
use crate::page_of;
use crate::state::App;

/// A lesson that was held. Whoever came is counted; nobody is named.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"project_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "held_on": "2026-04-18", "participants": 45, "hours": 2}))]
pub struct NewCareSession {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// Of health education, else `not_fitting`.
    pub project_id: Uid,
    /// While the project runs.
    pub held_on: Day,
    #[schema(value_type = i64, minimum = 1, maximum = 100_000, example = 45)]
    pub participants: Int<1, 100_000>,
    #[schema(value_type = i64, minimum = 1, maximum = 100, example = 2)]
    pub hours: Int<1, 100>,
}

/// A lesson of health education.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareSession {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub project_id: Uid,
    pub association_id: Uid,
    pub state: CareSessionState,
    pub held_on: Day,
    #[schema(minimum = 1, maximum = 100_000, example = 45)]
    pub participants: i64,
    #[schema(minimum = 1, maximum = 100, example = 2)]
    pub hours: i64,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of lessons.
    CareSessionPage of CareSession
}

impl Tagged for CareSession {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<SessionRow> for CareSession {
    fn from(r: SessionRow) -> CareSession {
        CareSession {
            state: r.state(),
            id: r.id,
            version: r.version,
            project_id: r.project_id,
            association_id: r.association_id,
            held_on: r.held_on,
            participants: r.participants,
            hours: r.hours,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<CareSession> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::session(c, &who, Action::CareProgrammeRead, id)?.into_row()))
        .await?;
    Ok(CareSession::from(row))
}

/// Record a lesson of health education
///
/// With how many came.
#[utoipa::path(tag = "care", request_body = NewCareSession, responses((status = 201, description = "The lesson", body = CareSession)))]
#[post("/care-sessions")]
pub async fn create_care_session(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareSession>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_session", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| sessions::record(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("care-sessions", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareSessionQuery {
    /// Of this project only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    project_id: Option<Uid>,
    /// `recorded` without it.
    #[param(inline, value_type = Option<CareSessionState>, example = "recorded")]
    state: Option<CareSessionState>,
    /// Held in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List lessons of health education
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "care", params(CareSessionQuery), responses((status = 200, description = "A page of lessons", body = CareSessionPage)))]
#[get("/care-sessions")]
pub async fn list_care_sessions(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareSessionQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    let filter = SessionFilter {
        project: query.project_id,
        state: query.state.unwrap_or(CareSessionState::Recorded),
        held: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_sessions {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CareProgrammeRead);
    let rows = app
        .db
        .read(move |c| store::list_sessions(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(CareSession::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(CareSessionPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a lesson of health education
///
/// Of a project in the caller's areas.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The lesson's id")),
    responses((status = 200, description = "The lesson", body = CareSession)))]
#[get("/care-sessions/{id}")]
pub async fn get_care_session(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Cancel a lesson of health education
///
/// That was recorded by mistake. It counts no more, and stays readable.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The lesson's id")),
    responses((status = 200, description = "The cancelled lesson", body = CareSession)))]
#[post("/care-sessions/{id}/cancellation")]
pub async fn cancel_care_session(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| sessions::cancel(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
