//! Schemes over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::document::SchemeDocument;
use super::model::{SchemeRow, SchemeState};
use super::{built_in, commands, store};
use crate::auth::{Action, Who};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, Tagged, changed, created, found};
use crate::http::text::{Int, Limit, not_null};
use crate::page_of;
use crate::state::App;
use crate::statistics::query::refused;

/// What a year asks (考核方案).
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentScheme {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// The how manieth of its year.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub number: i64,
    pub state: SchemeState,
    pub in_force_since: Option<Micros>,
    pub document: SchemeDocument,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of schemes.
    AssessmentSchemePage of AssessmentScheme
}

impl Tagged for AssessmentScheme {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<SchemeRow> for AssessmentScheme {
    fn from(row: SchemeRow) -> AssessmentScheme {
        AssessmentScheme {
            id: row.id,
            version: row.version,
            year: row.year,
            number: row.number,
            state: row.state,
            in_force_since: row.in_force_since,
            document: row.document.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A scheme to write.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"year": 2026, "document": {"title_zh": "年终考核方案", "title_en": "Year-end assessment", "total": "100", "indicators": [{"code": "A2", "zh": "专题研究", "en": "Dedicated studies", "formula": {"kind": "count", "sources": [{"source": "dedicated_studies", "targets": [{"at_least": "1"}]}]}, "weight": "100", "assumed": ["weight"], "levels": ["city", "county", "town"]}]}}))]
pub struct NewScheme {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2026)]
    pub year: Int<1990, 2999>,
    pub document: SchemeDocument,
}

async fn read(app: &App, id: Uid) -> AppResult<AssessmentScheme> {
    let row = app.db.read(move |c| store::find(c, id)).await?;
    row.map(AssessmentScheme::from)
        .ok_or_else(AppError::not_found)
}

/// Write a scheme
///
/// A draft. The document is taken whole or not at all: a source that does not exist (`no_such_source`) or does not fit
/// the formula (`wrong_kind`, `wrong_level`), weights that do not add up to the total (`sum_differs`), a code that
/// stands twice (`repeated`), a target out of range, each with its pointer.
#[utoipa::path(tag = "assessment", request_body = NewScheme, responses((status = 201, description = "The scheme", body = AssessmentScheme)))]
#[post("/assessment-schemes")]
pub async fn create_assessment_scheme(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewScheme>,
) -> AppResult<HttpResponse> {
    who.may(Action::SchemeWrite)?;
    let once = key.bind(&app.vault, who.user, "create_assessment_scheme", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::create(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("assessment-schemes", &read(&app, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SchemeQuery {
    /// For this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    pub year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}

/// The year that a list is filtered by.
pub fn year_of(asked: Option<&str>) -> AppResult<Option<i64>> {
    let year = asked.map(str::parse::<i64>).transpose();
    year.map_err(|_| refused("/year", Fault::BadPattern))
}

/// List schemes
///
/// Drafts, those in force and those that were. Newest first.
#[utoipa::path(tag = "assessment", params(SchemeQuery), responses((status = 200, description = "A page of schemes", body = AssessmentSchemePage)))]
#[get("/assessment-schemes")]
pub async fn list_assessment_schemes(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SchemeQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SchemeRead)?;
    let year = year_of(query.year.as_deref())?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_assessment_schemes {year:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app.db.read(move |c| store::list(c, year, page)).await?;
    let shown = |row| Ok(AssessmentScheme::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(AssessmentSchemePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read the guide's scheme
///
/// Rows A1 to H5, which hold for a year in which nobody put another scheme in force. To write one of your own, change
/// this document.
#[utoipa::path(tag = "assessment", responses((status = 200, description = "The document", body = SchemeDocument)))]
#[get("/assessment-schemes/built-in")]
pub async fn get_built_in_scheme(who: Who) -> AppResult<HttpResponse> {
    who.may(Action::SchemeRead)?;
    Ok(HttpResponse::Ok().json(built_in::document()?))
}

/// Read a scheme
///
/// With its document.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The scheme's id")),
    responses((status = 200, description = "The scheme", body = AssessmentScheme)))]
#[get("/assessment-schemes/{id}")]
pub async fn get_assessment_scheme(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SchemeRead)?;
    Ok(found(&req, &read(&app, path_id(id)?).await?))
}

/// A change of a draft (JSON Merge Patch): the document as a whole.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document": {"title_zh": "年终考核方案", "title_en": "Year-end assessment", "total": "100", "indicators": [{"code": "A2", "zh": "专题研究", "en": "Dedicated studies", "formula": {"kind": "count", "sources": [{"source": "dedicated_studies", "targets": [{"at_least": "2"}]}]}, "weight": "100", "assumed": ["weight"], "levels": ["city", "county", "town"]}]}}))]
pub struct SchemePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub document: Option<SchemeDocument>,
}

/// Amend a draft
///
/// With `If-Match`. What was put in force is not changed any more: write another one.
#[utoipa::path(tag = "assessment", request_body = SchemePatch, params(("id" = Uid, Path, description = "The scheme's id")),
    responses((status = 200, description = "The scheme after the change", body = AssessmentScheme)))]
#[patch("/assessment-schemes/{id}")]
pub async fn update_assessment_scheme(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<SchemePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SchemeWrite)?;
    let id = path_id(id)?;
    let patch = body.value;
    app.db
        .write(move |c| commands::amend(c, &who, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, id).await?))
}

/// Put a scheme in force
///
/// For its year, by somebody else than who wrote it (`self_approval`); the one before is replaced. Not for a year that
/// was frozen (`year_frozen`).
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The scheme's id")),
    responses((status = 200, description = "The scheme in force", body = AssessmentScheme)))]
#[post("/assessment-schemes/{id}/entry-into-force")]
pub async fn put_assessment_scheme_in_force(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SchemeWrite)?;
    let id = path_id(id)?;
    app.db
        .write(move |c| commands::put_in_force(c, &who, id))
        .await?;
    Ok(changed(&read(&app, id).await?))
}
