//! Projects over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::projects::{self, PLAN};
use super::store_projects::{self as store, Filter};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, Tagged, changed, created, found};
use crate::http::text::{Label, Limit, Money, Note, not_null};
use crate::page_of;
use crate::state::App;

/// A project to plan.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"programme_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "title": "幸福工程种养扶持", "plan": "为二十户提供种苗和技术指导。",
    "budget": {"amount": "60000.00", "currency": "CNY"}, "begins_on": "2026-03-15", "ends_on": "2026-11-30"}))]
pub struct NewCareProject {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// One that is active.
    pub programme_id: Uid,
    /// What it is, never for whom.
    pub title: Label,
    /// What is to be done; it names nobody.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub plan: Option<Note>,
    pub budget: Money,
    /// In the programme's year.
    pub begins_on: Day,
    pub ends_on: Day,
}

/// A project of a care programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareProject {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub programme_id: Uid,
    pub association_id: Uid,
    #[schema(value_type = Label, example = "幸福工程种养扶持")]
    pub title: String,
    #[schema(value_type = Option<Note>)]
    pub plan: Option<String>,
    pub budget: Money,
    pub begins_on: Day,
    pub ends_on: Day,
    pub state: CareProjectState,
    pub closed_on: Option<Day>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of projects.
    CareProjectPage of CareProject
}

impl Tagged for CareProject {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How it stands changes overnight, without a new version.
    fn view(&self) -> &str {
        match self.state {
            CareProjectState::Planned => "p",
            CareProjectState::Over => "o",
            _ => "f",
        }
    }
}

fn show(vault: &Vault, today: jiff::civil::Date, row: ProjectRow) -> AppResult<CareProject> {
    let plan = row.plan.as_deref();
    let plan = plan.map(|bytes| vault.open_sealed(PLAN, row.id.0, bytes));
    Ok(CareProject {
        plan: plan.transpose().map_err(AppError::internal)?,
        state: row.state(today),
        id: row.id,
        version: row.version,
        programme_id: row.programme_id,
        association_id: row.association_id,
        title: row.title,
        budget: Money(row.budget),
        begins_on: row.begins_on,
        ends_on: row.ends_on,
        closed_on: row.closed_on,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<CareProject> {
    let (who, today) = (who.clone(), who.at.china_day());
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::CareProgrammeRead, id)?.into_row()))
        .await?;
    show(&app.vault, today, row)
}

/// Plan a care project
///
/// Of a programme that is active, with its budget and period.
#[utoipa::path(tag = "care", request_body = NewCareProject, responses((status = 201, description = "The project", body = CareProject)))]
#[post("/care-projects")]
pub async fn create_care_project(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareProject>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_project", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| projects::plan(c, &vault, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("care-projects", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareProjectQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this programme only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b12")]
    programme_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List care projects
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "care", params(CareProjectQuery), responses((status = 200, description = "A page of projects", body = CareProjectPage)))]
#[get("/care-projects")]
pub async fn list_care_projects(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareProjectQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    let filter = Filter {
        association: query.association_id,
        programme: query.programme_id,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_projects {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, today) = (who.scope(Action::CareProgrammeRead), who.at.china_day());
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| show(&app.vault, today, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(CareProjectPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a care project
///
/// With its plan, and where it stands today.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The project's id")),
    responses((status = 200, description = "The project", body = CareProject)))]
#[get("/care-projects/{id}")]
pub async fn get_care_project(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a project (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"budget": {"amount": "80000.00", "currency": "CNY"}}))]
pub struct CareProjectPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    pub plan: Option<Option<Note>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub budget: Option<Money>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub begins_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ends_on: Option<Day>,
    /// When it was closed; nothing is done by it after that.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Day>)]
    pub closed_on: Option<Option<Day>>,
}

impl CareProjectPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("plan", self.plan.is_some()),
            ("budget", self.budget.is_some()),
            ("begins_on", self.begins_on.is_some()),
            ("ends_on", self.ends_on.is_some()),
            ("closed_on", self.closed_on.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a care project
///
/// JSON Merge Patch with `If-Match`; `closed_on` closes it.
#[utoipa::path(tag = "care", request_body = CareProjectPatch, params(("id" = Uid, Path, description = "The project's id")),
    responses((status = 200, description = "The project after the change", body = CareProject)))]
#[patch("/care-projects/{id}")]
pub async fn update_care_project(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<CareProjectPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| projects::amend(c, &vault, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
