//! Frozen years over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::document::{SnapshotDocument, read};
use super::model::{FreezeReason, SnapshotRow};
use super::store::{self, Listed};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::assessment::scheme::api::year_of;
use crate::assessment::span::Span;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, created, found};
use crate::http::text::{AreaCode, KeyDigest, Limit, OfficeKey, Sha256Hex, SnapshotSignature};
use crate::liaison::peers::keys;
use crate::page_of;
use crate::state::App;

/// A frozen year (年度冻结).
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentSnapshot {
    pub id: Uid,
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i64,
    /// Of the document's canonical text: members in the order of their names, without blanks.
    #[schema(value_type = Sha256Hex)]
    pub digest: String,
    /// Ed25519, over `qianshou assessment snapshot 1`, a line feed and the canonical text.
    #[schema(value_type = SnapshotSignature)]
    pub signature: String,
    #[schema(value_type = OfficeKey)]
    pub signed_with: String,
    /// The digest of the keys of whoever signed, as was noted; `…/verification` says whose they are.
    #[schema(value_type = KeyDigest)]
    pub signer: String,
    pub frozen_at: Micros,
    pub document: SnapshotDocument,
}

impl Tagged for AssessmentSnapshot {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
}

/// A frozen year in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentSnapshotSummary {
    pub id: Uid,
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i64,
    pub because: FreezeReason,
    #[schema(value_type = Sha256Hex)]
    pub digest: String,
    #[schema(value_type = KeyDigest)]
    pub signer: String,
    pub frozen_at: Micros,
}

page_of! {
    /// A page of frozen years.
    AssessmentSnapshotPage of AssessmentSnapshotSummary
}

fn show(row: SnapshotRow) -> AppResult<AssessmentSnapshot> {
    Ok(AssessmentSnapshot {
        document: read(&row.document)?,
        id: row.id,
        revision: row.revision,
        digest: row.digest,
        signature: row.signature,
        signed_with: row.signed_with,
        signer: row.signer,
        frozen_at: row.frozen_at,
    })
}

/// The area of a code, or of one that it had before.
pub fn area_named(c: &mut DbConn, code: &str) -> AppResult<Option<AreaRow>> {
    match areas::store::by_code_ever(c, code)? {
        Some(area) => Ok(Some(area)),
        None => areas::store::today_of(c, code),
    }
}

pub async fn row(app: &App, who: &Who, id: Uid) -> AppResult<SnapshotRow> {
    let who = who.clone();
    app.db
        .read(move |c| Ok(store::visible(c, &who, Action::AssessmentRead, id)?.into_row()))
        .await
}

/// Why a year is frozen.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"because": "year_end"}))]
pub struct NewSnapshot {
    /// `year_end` the first time, another reason for a revision.
    pub because: FreezeReason,
}

/// Freeze a year
///
/// From above, a city by itself (`self_approval`), once it is over (`year_runs`), where there was an association to be
/// assessed (`no_association`). The year's books of every association in the area are closed first; then it is counted,
/// with everything down to townships, what people decided beside it, and signed. What was frozen stays as it is; a
/// correction is the next revision, refused where nothing would change (`nothing_changed`), and where the frozen year of a
/// wider area holds a sheet of this one (`frozen_wider`): that one is corrected.
#[utoipa::path(tag = "assessment", request_body = NewSnapshot, params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 201, description = "The frozen year", body = AssessmentSnapshot)))]
#[post("/assessments/{year}/areas/{code}/freeze")]
pub async fn freeze_assessment(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<NewSnapshot>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentFreeze)?;
    let (year, code) = path.into_inner();
    let span = Span::of(&year, who.at.china_day())?;
    let keys = keys::ours(&app).await?;
    let (vault, because) = (app.vault.clone(), body.value.because);
    let (caller, of) = (who.clone(), code.clone());
    app.db
        .write(move |c| commands::close(c, &caller, &of, span, because))
        .await?;
    let caller = who.clone();
    let prepared = app
        .db
        .read(move |c| commands::prepare(c, &vault, &caller, &code, span, because))
        .await?;
    let signed = web::block(move || commands::sign(prepared, &keys))
        .await
        .map_err(AppError::internal)??;
    let caller = who.clone();
    let id = app
        .db
        .write(move |c| commands::freeze(c, &caller, &signed))
        .await?;
    let shown = show(row(&app, &who, id).await?)?;
    Ok(created("assessment-snapshots", &shown))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SnapshotQuery {
    /// With a sheet of this area only.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "3304")]
    area: Option<AreaCode>,
    /// Of this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2025")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List frozen years
///
/// Those that hold a sheet of the caller's areas, whatever area was frozen, every revision. Newest first.
#[utoipa::path(tag = "assessment", params(SnapshotQuery), responses((status = 200, description = "A page of frozen years", body = AssessmentSnapshotPage)))]
#[get("/assessment-snapshots")]
pub async fn list_assessment_snapshots(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SnapshotQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let year = year_of(query.year.as_deref())?;
    let code = query.area;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_assessment_snapshots {year:?} {}",
            code.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::AssessmentRead).shared();
    let (rows, codes) = app
        .db
        .read(move |c| {
            let area = match &code {
                Some(code) => Some(area_named(c, code.as_str())?.map_or(Uid::NIL, |area| area.id)),
                None => None,
            };
            let rows = store::list(c, &scope, area, year, page)?;
            let codes = areas::store::codes_of(c, rows.iter().map(|row| row.area_id).collect())?;
            Ok((rows, codes))
        })
        .await?;
    let shown = |row: Listed| {
        let code = codes.get(&row.area_id).cloned().unwrap_or_default();
        Ok(AssessmentSnapshotSummary {
            area: AreaCode::stored(code)?,
            id: row.id,
            year: row.year,
            revision: row.revision,
            because: row.because,
            digest: row.digest,
            signer: row.signer,
            frozen_at: row.frozen_at,
        })
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(AssessmentSnapshotPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a frozen year
///
/// The document with the digests of its sheets and facts, and the signature. For whoever may read one of its sheets.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The snapshot's id")),
    responses((status = 200, description = "The frozen year", body = AssessmentSnapshot)))]
#[get("/assessment-snapshots/{id}")]
pub async fn get_assessment_snapshot(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let row = row(&app, &who, path_id(id)?).await?;
    Ok(found(&req, &show(row)?))
}
