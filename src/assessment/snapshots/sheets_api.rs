//! The sheets of a frozen year over HTTP: what they say, what a revision changed in them, and the facts behind their
//! figures.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::document::{
    AreaDifference, SnapshotDifference, SnapshotDocument, area_differences, differences, digest_of,
    read,
};
use super::model::SheetRow;
use super::{facts, store};
use crate::areas;
use crate::assessment::api::FactsQuery;
use crate::assessment::evidence::may_open;
use crate::assessment::facts::{AssessmentFactPage, show};
use crate::assessment::view::AreaResult;
use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, Page};
use crate::http::text::{AreaCode, Limit, Sha256Hex, SourceName};
use crate::page_of;
use crate::state::App;

/// An area's sheet of a frozen year.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotSheet {
    pub area_id: Uid,
    /// Of the result's canonical text; the signed document lists it.
    #[schema(value_type = Sha256Hex)]
    pub digest: String,
    pub result: AreaResult,
}

page_of! {
    /// A page of the sheets of a frozen year.
    SnapshotSheetPage of SnapshotSheet
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetsQuery {
    /// Of this area only.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List the sheets of a frozen year
///
/// Of the caller's areas, in the order of the areas: how each came out, and the digest by which the signed document
/// answers for it.
#[utoipa::path(tag = "assessment", params(SheetsQuery, ("id" = Uid, Path, description = "The snapshot's id")),
    responses((status = 200, description = "A page of sheets", body = SnapshotSheetPage)))]
#[get("/assessment-snapshots/{id}/sheets")]
pub async fn list_snapshot_sheets(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(asked): Params<SheetsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let id = path_id(id)?;
    let code = asked.area;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_snapshot_sheets {id} {}",
            code.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::AssessmentRead, id)?;
            let area = match &code {
                Some(code) => {
                    let found = super::api::area_named(c, code.as_str())?;
                    Some(found.map_or(Uid::NIL, |area| area.id))
                }
                None => None,
            };
            let scope = who.scope(Action::AssessmentRead).shared();
            store::sheets(c, &scope, row.id, area, page)
        })
        .await?;
    let shown = |row: SheetRow| {
        Ok(SnapshotSheet {
            area_id: row.area_id,
            digest: digest_of(&row.result),
            result: read(&row.result)?,
        })
    };
    let (items, next) = bound.finish(page, rows, |r| r.area_id, shown)?;
    Ok(HttpResponse::Ok().json(SnapshotSheetPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// What a revision changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotDifferences {
    /// The revision that it is compared with; null for the first.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub against: Option<i64>,
    /// It was counted by another scheme.
    #[schema(example = false)]
    pub scheme_changed: bool,
    /// Areas that came out otherwise as a whole.
    #[schema(max_items = 5000)]
    pub areas: Vec<AreaDifference>,
    #[schema(max_items = 5000)]
    pub items: Vec<SnapshotDifference>,
    /// There are more than can be shown at once.
    #[schema(example = false)]
    pub truncated: bool,
}

/// As many as an answer holds.
const MOST: usize = 5000;

fn results(c: &mut DbConn, scope: &Scope, id: Uid) -> AppResult<Vec<AreaResult>> {
    let all = Page {
        limit: i64::try_from(MOST).map_err(AppError::internal)?,
        after: None,
    };
    let rows = store::sheets(c, scope, id, None, all)?;
    rows.iter().map(|row| read(&row.result)).collect()
}

/// Read what a revision changed
///
/// Each indicator of each of the caller's areas of which it says something else than the revision before, and each area
/// that came out otherwise as a whole.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The snapshot's id")),
    responses((status = 200, description = "The differences", body = SnapshotDifferences)))]
#[get("/assessment-snapshots/{id}/differences")]
pub async fn get_snapshot_differences(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let id = path_id(id)?;
    let found = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::AssessmentRead, id)?;
            let before = store::revision(c, row.area_id, row.year, row.revision - 1)?;
            let Some(before) = before else {
                return Ok(SnapshotDifferences {
                    against: None,
                    scheme_changed: false,
                    areas: Vec::new(),
                    items: Vec::new(),
                    truncated: false,
                });
            };
            let scope = who.scope(Action::AssessmentRead).shared();
            let (was, is) = (results(c, &scope, before.id)?, results(c, &scope, row.id)?);
            let (old, new): (SnapshotDocument, SnapshotDocument) =
                (read(&before.document)?, read(&row.document)?);
            let mut items = differences(&was, &is);
            let mut areas = area_differences(&was, &is);
            let truncated = items.len() > MOST || areas.len() > MOST;
            items.truncate(MOST);
            areas.truncate(MOST);
            Ok(SnapshotDifferences {
                against: Some(before.revision),
                scheme_changed: old.scheme != new.scheme,
                areas,
                items,
                truncated,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(found))
}

/// List the facts behind a frozen figure
///
/// The rows that one of an indicator's sources counted for an area when the year was frozen, as they were then, newest
/// first; what became of them since stands at their links. What counts people opens to the areas next below alone.
#[utoipa::path(tag = "assessment", params(FactsQuery, ("id" = Uid, Path, description = "The snapshot's id"), ("code" = AreaCode, Path, description = "The code of an area with a sheet in it"),
    ("indicator" = crate::http::text::IndicatorCode, Path, description = "The code of an indicator of the frozen scheme")),
    responses((status = 200, description = "A page of facts", body = AssessmentFactPage)))]
#[get("/assessment-snapshots/{id}/areas/{code}/indicators/{indicator}/facts")]
pub async fn list_snapshot_facts(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String, String)>,
    Params(asked): Params<FactsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (id, code, indicator) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let source = asked.source.map(SourceName::into_string);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_snapshot_facts {id} {code} {indicator} {source:?}"),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (year, rows) = app
        .db
        .read(move |c| {
            let sheet = facts::sheet_of(c, &who, Action::AssessmentRead, id, &code)?;
            let row = store::visible(c, &who, Action::AssessmentRead, id)?;
            let document: SnapshotDocument = read(&row.document)?;
            let source = facts::source_of(&document, &indicator, source.as_deref())?;
            let rows = facts::of(c, &who, &row, &sheet, (&indicator, &source), page)?;
            let area = areas::store::by_id(c, sheet.area_id)?.ok_or_else(AppError::not_found)?;
            may_open(&who, &area, rows.iter().map(|row| row.kind))?;
            Ok((row.year, rows))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |row| row.id, |row| show(year, row))?;
    Ok(HttpResponse::Ok().json(AssessmentFactPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
