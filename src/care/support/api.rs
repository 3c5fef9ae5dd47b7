//! Help over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{Limit, Money, not_null};
use crate::page_of;
use crate::state::App;

/// What an association gave to a family in care.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b12", "association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "kind": "goods",
    "value": {"amount": "300.00", "currency": "CNY"}, "given_on": "2026-05-20"}))]
pub struct NewCareSupport {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub family_id: Uid,
    /// One whose area the family is in.
    pub association_id: Uid,
    /// Of that association, running on the day.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub project_id: Option<Uid>,
    pub kind: CareSupportKind,
    /// What it was worth; of money more than nothing.
    pub value: Money,
    pub given_on: Day,
    /// Of help in money, the entry by which it was paid: one of that association which spent as much.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub entry_id: Option<Uid>,
}

/// What a family in care was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareSupport {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub family_id: Uid,
    pub association_id: Uid,
    pub project_id: Option<Uid>,
    pub kind: CareSupportKind,
    pub value: Money,
    pub given_on: Day,
    pub entry_id: Option<Uid>,
    pub state: CareSupportState,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of help.
    CareSupportPage of CareSupport
}

impl Tagged for CareSupport {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<HelpRow> for CareSupport {
    fn from(r: HelpRow) -> CareSupport {
        CareSupport {
            state: r.state(),
            id: r.id,
            version: r.version,
            family_id: r.family_id,
            association_id: r.association_id,
            project_id: r.project_id,
            kind: r.kind,
            value: Money(r.value),
            given_on: r.given_on,
            entry_id: r.entry_id,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<CareSupport> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::CareSupportRead, id)?.into_row()))
        .await?;
    Ok(CareSupport::from(row.row))
}

/// Record help for a family in care
///
/// Money, goods or a service, of an association whose area the family is in.
#[utoipa::path(tag = "care", request_body = NewCareSupport, responses((status = 201, description = "The help", body = CareSupport)))]
#[post("/care-supports")]
pub async fn create_care_support(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareSupport>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareSupportWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_support", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::give(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("care-supports", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareSupportQuery {
    /// Of this family only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b12")]
    family_id: Option<Uid>,
    /// By this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// By this project only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b13")]
    project_id: Option<Uid>,
    /// `given` without it.
    #[param(inline, value_type = Option<CareSupportState>, example = "given")]
    state: Option<CareSupportState>,
    /// Given in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List help for families in care
///
/// That families of the caller's areas had. Newest first.
#[utoipa::path(tag = "care", params(CareSupportQuery), responses((status = 200, description = "A page of help", body = CareSupportPage)))]
#[get("/care-supports")]
pub async fn list_care_supports(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareSupportQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareSupportRead)?;
    let filter = Filter {
        family: query.family_id,
        association: query.association_id,
        project: query.project_id,
        state: query.state.unwrap_or(CareSupportState::Given),
        given: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_supports {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CareSupportRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(CareSupport::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(CareSupportPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read help for a family in care
///
/// Of a family in the caller's areas.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The help's id")),
    responses((status = 200, description = "The help", body = CareSupport)))]
#[get("/care-supports/{id}")]
pub async fn get_care_support(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareSupportRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Cancel help for a family in care
///
/// That was recorded by mistake. It counts no more, and stays readable.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The help's id")),
    responses((status = 200, description = "The cancelled help", body = CareSupport)))]
#[post("/care-supports/{id}/cancellation")]
pub async fn cancel_care_support(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareSupportWrite)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| commands::cancel(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
