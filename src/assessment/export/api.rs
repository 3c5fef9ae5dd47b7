//! Exports over HTTP.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::corrected::{self, ALL};
use super::paper;
use super::printout::{Frozen, MOST, Printout, bounded};
use super::table;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::assessment::api::{LastYear, area, before_this};
use crate::assessment::reckon;
use crate::assessment::snapshots::api::area_named;
use crate::assessment::snapshots::document::{SnapshotDocument, read};
use crate::assessment::snapshots::model::SheetRow;
use crate::assessment::snapshots::store as snapshots;
use crate::assessment::snapshots::verify::signer_of;
use crate::assessment::span::Span;
use crate::assessment::view::{AreaResult, cases_of, show};
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::Page;
use crate::http::problem::wants_chinese;
use crate::http::text::AreaCode;
use crate::liaison::peers::keys;
use crate::policy_imports::template::{SheetCsv, SheetXlsx};
use crate::sheets::xlsx_out;
use crate::state::App;
use crate::statistics::query::{level, refused};
use crate::text_enum;

text_enum! {
    /// What kind of file.
    PaperFormat { Pdf = "pdf", Xlsx = "xlsx", Csv = "csv" }
}

/// A paper to print and sign (PDF).
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 268_435_456, example = "%PDF-1.7")]
#[allow(dead_code)] // what stands in the document
pub struct PaperPdf(Vec<u8>);

/// Names the characters that a paper could not write, as `U+2348D, U+30A2`; each stands there as a box.
const MISSING: &str = "Qianshou-Missing-Characters";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaperQuery {
    /// What kind of file; a paper without it.
    #[param(inline, value_type = Option<PaperFormat>, example = "pdf")]
    format: Option<PaperFormat>,
    /// Of a frozen year: the sheet of this area in it; without it, of the widest that the caller may read.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
}

/// The bytes of a file, and the characters it could not write.
fn written(print: &Printout, format: PaperFormat) -> AppResult<(Vec<u8>, Vec<char>)> {
    Ok(match format {
        PaperFormat::Csv => (table::csv(print)?, Vec::new()),
        PaperFormat::Xlsx => (table::xlsx(print)?, Vec::new()),
        PaperFormat::Pdf => {
            let made = paper::make(print)?;
            (made.bytes, made.missing)
        }
    })
}

/// Makes the file on a thread that may wait.
async fn made(print: Printout, format: PaperFormat, name: String) -> AppResult<HttpResponse> {
    let made = web::block(move || written(&print, format)).await;
    let (bytes, missing) = made.map_err(AppError::internal)??;
    let media = match format {
        PaperFormat::Csv => "text/csv; charset=utf-8",
        PaperFormat::Xlsx => xlsx_out::MEDIA,
        PaperFormat::Pdf => "application/pdf",
    };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{format}\""),
        ));
    if !missing.is_empty() {
        let named: Vec<String> = (missing.iter())
            .map(|c| format!("U+{:04X}", u32::from(*c)))
            .collect();
        let named = named.join(", ");
        tracing::warn!(
            characters = %named,
            "a paper holds characters that its font lacks"
        );
        answer.insert_header((MISSING, named));
    }
    Ok(answer.body(bytes))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    kind: &'static str,
    id: Uid,
    at: (Place, Option<Uid>),
    format: PaperFormat,
) -> AppResult<()> {
    let entry = Entry::new(Action::AssessmentExport, kind, id, at.0);
    let facts = serde_json::json!({ "what": format });
    audit::record(c, who, entry.of(at.1).with(&facts))
}

/// Export an area's assessment
///
/// As everything is counted now, with the areas next below, what people found and the year before: as a paper to print and
/// sign (PDF), a workbook, or comma-separated values in UTF-8 with a byte order mark. In Chinese or English by
/// `Accept-Language`, titles of columns too. Characters that a paper cannot write stand there as boxes and are named by
/// `Qianshou-Missing-Characters`.
///
/// Columns have a row for each source of each indicator of each area: the area with its score, what that could be and
/// whether it is vetoed; the indicator with its outcome, weight and score; the source with its unit, figure, share in
/// per cent, target and outcome. Money is in yuan. Figures are numbers in a workbook; those of an area or of an indicator
/// stand in its first row alone, so that a sum counts none twice.
#[utoipa::path(tag = "assessment", params(PaperQuery, ("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "The file", content((PaperPdf = "application/pdf"), (SheetCsv = "text/csv"), (SheetXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/assessments/{year}/areas/{code}/file")]
pub async fn export_area_assessment(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    Params(asked): Params<PaperQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentExport)?;
    let (year, code) = path.into_inner();
    let span = Span::of(&year, who.at.china_day())?;
    if asked.area.is_some() {
        return Err(refused("/area", Fault::NotFitting));
    }
    let format = asked.format.unwrap_or(PaperFormat::Pdf);
    let chinese = wants_chinese(req.headers());
    let name = format!("assessment-{year}-{code}");
    let (vault, caller) = (app.vault.clone(), who.clone());
    let before = Span::of_year(span.year - 1, who.at.china_day());
    let (print, of) = app
        .db
        .read(move |c| {
            let whole = area(c, &caller, Action::AssessmentExport, &code)?;
            let reckoned = reckon::reckon(c, &vault, &whole, span)?;
            let mut rows = vec![whole.clone()];
            rows.append(&mut parts(c, &whole)?);
            bounded(rows.len())?;
            let cases = cases_of(c, &reckoned, &rows)?;
            let areas = (rows.iter())
                .map(|row| show(&reckoned, &cases, row))
                .collect::<AppResult<Vec<_>>>()?;
            let last_year = match before {
                Some(before) => before_this(c, &vault, &whole, &rows, before)?,
                None => HashMap::new(),
            };
            let print = Printout {
                year: span.year,
                as_of: span.last,
                scheme: reckoned.scheme,
                areas,
                last_year,
                frozen: None,
                chinese,
            };
            Ok((print, whole))
        })
        .await?;
    app.db
        .write(move |c| {
            let at = (of.place(), Some(of.id));
            noted(c, &who, "assessment", of.id, at, format)
        })
        .await?;
    made(print, format, name).await
}

/// The areas next below; one more than may be where there are too many.
fn parts(c: &mut DbConn, whole: &AreaRow) -> AppResult<Vec<AreaRow>> {
    let Some(below) = level(whole, None)? else {
        return Ok(Vec::new());
    };
    let most = i64::try_from(MOST).map_err(AppError::internal)?;
    let page = Page {
        limit: most,
        after: None,
    };
    areas::store::parts(c, whole, below, page)
}

/// The sheets of an area in a frozen year that the caller may print: its own first, then those that lay in it, by code.
fn printed(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    wanted: Option<&AreaCode>,
    root: Uid,
) -> AppResult<Vec<(SheetRow, AreaResult)>> {
    let scope = who.scope(Action::AssessmentExport).shared();
    let all = Page {
        limit: ALL,
        after: None,
    };
    let mut sheets = Vec::new();
    for row in snapshots::sheets(c, &scope, id, None, all)? {
        let result: AreaResult = read(&row.result)?;
        sheets.push((row, result));
    }
    let whole = match wanted {
        Some(code) => {
            let area = area_named(c, code.as_str())?.ok_or_else(AppError::not_found)?;
            sheets.iter().find(|(row, _)| row.area_id == area.id)
        }
        None => (sheets.iter()).min_by_key(|(row, result)| (result.level, row.area_id)),
    };
    let whole = whole.ok_or_else(AppError::not_found)?.0.area_id;
    sheets.retain(|(row, _)| row.is_within(whole, root));
    sheets.sort_by(|(a, of_a), (b, of_b)| {
        let key = |row: &SheetRow| row.area_id != whole;
        (key(a), &of_a.area, a.area_id).cmp(&(key(b), &of_b.area, b.area_id))
    });
    bounded(sheets.len())?;
    Ok(sheets)
}

/// Export a frozen year
///
/// Of the area that was frozen with everything that lay in it, or with `area` the sheet of one of those; for whoever may
/// read that one (`not_found`). As `export_area_assessment`, with the year before as it was frozen last, and with revision,
/// digest and signer at the foot of each page: where the signature does not fit, that stands there. The paper of a later
/// revision says which it follows and why, and what it corrects.
#[utoipa::path(tag = "assessment", params(PaperQuery, ("id" = Uid, Path, description = "The snapshot's id")),
    responses((status = 200, description = "The file", content((PaperPdf = "application/pdf"), (SheetCsv = "text/csv"), (SheetXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/assessment-snapshots/{id}/file")]
pub async fn export_assessment_snapshot(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
    Params(asked): Params<PaperQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentExport)?;
    let id = path_id(id)?;
    let format = asked.format.unwrap_or(PaperFormat::Pdf);
    let chinese = wants_chinese(req.headers());
    let keys = keys::ours(&app).await?;
    let (caller, wanted) = (who.clone(), asked.area);
    let (print, at, name) = app
        .db
        .read(move |c| {
            let row = snapshots::visible(c, &caller, Action::AssessmentExport, id)?;
            let sheets = printed(c, &caller, id, wanted.as_ref(), row.area_id)?;
            let ids = sheets.iter().map(|(sheet, _)| sheet.area_id).collect();
            let frozen = snapshots::frozen_results(c, ids, row.year - 1)?;
            let (sheets, areas): (Vec<SheetRow>, Vec<AreaResult>) = sheets.into_iter().unzip();
            let first = sheets.first().ok_or_else(AppError::not_found)?;
            let at = (first.place(), Some(first.area_id));
            let of = areas.first().map_or("", |area| area.area.as_str());
            let name = format!("assessment-{}-{of}-r{}", row.year, row.revision);
            let document: SnapshotDocument = read(&row.document)?;
            let corrected = match format {
                PaperFormat::Pdf => corrected::of(c, &caller, &row, first.area_id, &areas)?,
                PaperFormat::Xlsx | PaperFormat::Csv => None,
            };
            let last = |(area, was)| (area, LastYear::frozen(document.year - 1, was));
            let print = Printout {
                year: document.year,
                as_of: document.as_of,
                last_year: frozen.into_iter().map(last).collect(),
                frozen: Some(Frozen {
                    revision: row.revision,
                    digest: row.digest.clone(),
                    signer: signer_of(&row, &document, &sheets, &keys),
                    open_cases: document.open_cases,
                    open_appeals: document.open_appeals,
                    corrected,
                }),
                scheme: document.scheme,
                areas,
                chinese,
            };
            Ok((print, at, name))
        })
        .await?;
    app.db
        .write(move |c| noted(c, &who, "assessment_snapshot", id, at, format))
        .await?;
    made(print, format, name).await
}
