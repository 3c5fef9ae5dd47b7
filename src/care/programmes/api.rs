//! Programmes over HTTP.

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
use crate::funds::budgets::model::EvidenceReference;
use crate::funds::years::year_of;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{Int, Limit, not_null};
use crate::page_of;
use crate::state::App;

/// A programme that an association began in a year.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "kind": "happiness_project", "year": 2026, "began_on": "2026-03-01", "evidence": "嘉计协〔2026〕5号"}))]
pub struct NewCareProgramme {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    pub kind: CareProgrammeKind,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2026)]
    pub year: Int<1990, 2999>,
    /// In that year.
    pub began_on: Day,
    /// The paper that shows it.
    pub evidence: EvidenceReference,
}

/// A care programme of an association in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareProgramme {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub kind: CareProgrammeKind,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    pub state: CareProgrammeState,
    pub began_on: Day,
    #[schema(value_type = EvidenceReference)]
    pub evidence: String,
    pub ended_on: Option<Day>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of programmes.
    CareProgrammePage of CareProgramme
}

impl Tagged for CareProgramme {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<ProgrammeRow> for CareProgramme {
    fn from(r: ProgrammeRow) -> CareProgramme {
        CareProgramme {
            state: r.state(),
            id: r.id,
            version: r.version,
            association_id: r.association_id,
            kind: r.kind,
            year: r.year,
            began_on: r.began_on,
            evidence: r.evidence,
            ended_on: r.ended_on,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<CareProgramme> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::CareProgrammeRead, id)?.into_row()))
        .await?;
    Ok(CareProgramme::from(row))
}

/// Begin a care programme
///
/// One of the five, in an association and a year, once each (else `care_programme_exists`).
#[utoipa::path(tag = "care", request_body = NewCareProgramme, responses((status = 201, description = "The programme", body = CareProgramme)))]
#[post("/care-programmes")]
pub async fn create_care_programme(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareProgramme>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_programme", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::begin(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("care-programmes", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareProgrammeQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this kind only.
    #[param(inline, value_type = Option<CareProgrammeKind>, example = "happiness_project")]
    kind: Option<CareProgrammeKind>,
    /// Of this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List care programmes
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "care", params(CareProgrammeQuery), responses((status = 200, description = "A page of programmes", body = CareProgrammePage)))]
#[get("/care-programmes")]
pub async fn list_care_programmes(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareProgrammeQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    let filter = Filter {
        association: query.association_id,
        kind: query.kind,
        year: year(query.year.as_deref())?.map(|(first, _)| year_of(first)),
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_programmes {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CareProgrammeRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(CareProgramme::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(CareProgrammePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a care programme
///
/// Of an association in the caller's areas.
#[utoipa::path(tag = "care", params(("id" = Uid, Path, description = "The programme's id")),
    responses((status = 200, description = "The programme", body = CareProgramme)))]
#[get("/care-programmes/{id}")]
pub async fn get_care_programme(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// The end of a programme.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ended_on": "2026-05-31"}))]
pub struct ProgrammeEnding {
    pub ended_on: Day,
}

/// End a care programme
///
/// It is active no more from that day on, and stays readable.
#[utoipa::path(tag = "care", request_body = ProgrammeEnding, params(("id" = Uid, Path, description = "The programme's id")),
    responses((status = 200, description = "The ended programme", body = CareProgramme)))]
#[post("/care-programmes/{id}/ending")]
pub async fn end_care_programme(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ProgrammeEnding>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareProgrammeWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::end(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
