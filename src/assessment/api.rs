//! Assessments of areas over HTTP: the result, the parts beside it, and the facts behind a figure.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::evidence::may_open;
use super::facts;
use super::reckon;
use super::scheme::document::SchemeDocument;
use super::snapshots::{self, store::FrozenResult};
use super::span::Span;
use super::view::{AreaResult, cases_of, show};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Limit, SourceName};
use crate::state::App;
use crate::statistics::query;

/// The year before.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastYear {
    #[schema(minimum = 1989, maximum = 2999, example = 2025)]
    pub year: i64,
    /// The revision in which it was frozen; null where it was not, and is counted now.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: Option<i64>,
    /// The frozen year that it stands in: the area's own, or that of an area around it.
    pub snapshot_id: Option<Uid>,
    pub result: AreaResult,
}

impl LastYear {
    pub fn frozen(year: i64, as_it_was: FrozenResult) -> LastYear {
        LastYear {
            year,
            revision: Some(as_it_was.revision),
            snapshot_id: Some(as_it_was.snapshot),
            result: as_it_was.result,
        }
    }
}

/// The assessment of an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaAssessment {
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// The day for which everything was counted: the last of the year, or today.
    pub as_of: Day,
    /// The scheme in force; null where the guide's own holds.
    pub scheme_id: Option<Uid>,
    pub scheme: SchemeDocument,
    pub result: AreaResult,
    pub last_year: Option<LastYear>,
    /// The areas next below it, in the order of their codes.
    #[schema(max_items = 200)]
    pub parts: Vec<AreaResult>,
    pub next_cursor: Option<Cursor>,
}

/// The area of a path, all of which the caller may see; a province only where it is a city.
pub fn area(c: &mut DbConn, who: &Who, action: Action, code: &str) -> AppResult<AreaRow> {
    let code = AreaCode::parse(code).map_err(|_| AppError::not_found())?;
    let found = query::area(c, who, action, &Some(code))?;
    let judged = found.level != areas::model::AreaLevel::Province
        || crate::associations::rules::fits_area(
            crate::associations::model::AssociationKind::Municipal,
            &found,
        );
    match judged {
        true => Ok(found),
        false => Err(AppError::not_found()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartsQuery {
    /// How many parts at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// The year before: as it was frozen, or as it is counted now.
pub fn last_year(
    c: &mut DbConn,
    vault: &Vault,
    area: &AreaRow,
    span: Span,
    today: jiff::civil::Date,
) -> AppResult<Option<LastYear>> {
    let Some(before) = Span::of_year(span.year - 1, today) else {
        return Ok(None);
    };
    let found = before_this(c, vault, area, std::slice::from_ref(area), before)?;
    Ok(found.into_iter().next().map(|(_, last)| last))
}

/// The year before, of an area and those in it: each as it was frozen last, or as it is counted now.
pub fn before_this(
    c: &mut DbConn,
    vault: &Vault,
    whole: &AreaRow,
    areas: &[AreaRow],
    before: Span,
) -> AppResult<HashMap<Uid, LastYear>> {
    let ids = areas.iter().map(|area| area.id).collect();
    let frozen = snapshots::store::frozen_results(c, ids, before.year)?;
    let last = |(area, was)| (area, LastYear::frozen(before.year, was));
    let mut found: HashMap<Uid, LastYear> = frozen.into_iter().map(last).collect();
    let open: Vec<&AreaRow> = (areas.iter())
        .filter(|area| !found.contains_key(&area.id))
        .collect();
    if open.is_empty() {
        return Ok(found);
    }
    let reckoned = reckon::reckon(c, vault, whole, before)?;
    let cases = cases_of(c, &reckoned, open.iter().copied())?;
    for area in open {
        let last = LastYear {
            year: before.year,
            revision: None,
            snapshot_id: None,
            result: show(&reckoned, &cases, area)?,
        };
        found.insert(area.id, last);
    }
    Ok(found)
}

/// Read an area's assessment
///
/// Of its association for a year, as everything is counted now, with the areas next below it and the year before. What
/// people found counts in the scores once an assessment is decided; what was counted alone stands beside it.
/// What counts people hides small numbers; whether they are enough is told all the same.
#[utoipa::path(tag = "assessment", params(PartsQuery, ("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "The assessment", body = AreaAssessment)))]
#[get("/assessments/{year}/areas/{code}")]
pub async fn get_area_assessment(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    Params(asked): Params<PartsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (year, code) = path.into_inner();
    let today = who.at.china_day();
    let span = Span::of(&year, today)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("get_area_assessment {year} {code}"),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (vault, caller, at) = (app.vault.clone(), who.clone(), code.clone());
    let this = app.db.read(move |c| {
        let area = area(c, &caller, Action::AssessmentRead, &at)?;
        let reckoned = reckon::reckon(c, &vault, &area, span)?;
        let parts = match query::level(&area, None)? {
            Some(level) => areas::store::parts(c, &area, level, page)?,
            None => Vec::new(),
        };
        let all = std::iter::once(&area).chain(&parts);
        let cases = cases_of(c, &reckoned, all)?;
        Ok((reckoned, cases, area, parts))
    });
    // Each year is counted by itself, and takes as long: side by side.
    let vault = app.vault.clone();
    let before = app.db.read(move |c| {
        let area = area(c, &who, Action::AssessmentRead, &code)?;
        last_year(c, &vault, &area, span, today)
    });
    let ((reckoned, cases, area, parts), before) = tokio::try_join!(this, before)?;
    let part = |area: AreaRow| show(&reckoned, &cases, &area);
    let (parts, next) = bound.finish(page, parts, |area| area.id, part)?;
    Ok(HttpResponse::Ok().json(AreaAssessment {
        year: span.year,
        as_of: span.last,
        scheme_id: reckoned.scheme_id,
        result: show(&reckoned, &cases, &area)?,
        last_year: before,
        parts,
        next_cursor: next.map(Cursor),
        scheme: reckoned.scheme,
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactsQuery {
    /// One of the indicator's sources; its first without it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 60, pattern = r"^[A-Za-z0-9_.\-]+$", example = "dedicated_studies")]
    pub source: Option<SourceName>,
    /// Those alone that add less than they could, or were not recorded: why a figure is not what it should be.
    #[param(value_type = Option<bool>, default = false, example = true)]
    pub lacking: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}

/// List the facts behind a figure
///
/// The rows that one of an indicator's sources counted in an area, newest first, each with what it adds, and where it
/// is read. For whoever may read such records themselves (`forbidden_action`). What counts people opens to the areas next
/// below alone and to what stands at the area itself, small numbers hidden.
#[utoipa::path(tag = "assessment", params(FactsQuery, ("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code"),
    ("indicator" = crate::http::text::IndicatorCode, Path, description = "The code of an indicator of the year's scheme")),
    responses((status = 200, description = "A page of facts", body = facts::AssessmentFactPage)))]
#[get("/assessments/{year}/areas/{code}/indicators/{indicator}/facts")]
pub async fn list_assessment_facts(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String, String)>,
    Params(asked): Params<FactsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (year, code, indicator) = path.into_inner();
    let span = Span::of(&year, who.at.china_day())?;
    let source = asked.source.map(SourceName::into_string);
    let lacking = asked.lacking.unwrap_or(false);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_assessment_facts {year} {code} {indicator} {source:?} {lacking}"),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let vault = app.vault.clone();
    let rows = app
        .db
        .read(move |c| {
            let area = area(c, &who, Action::AssessmentRead, &code)?;
            let source = facts::source_of(c, span, &indicator, source.as_deref())?;
            let rows = facts::of(c, &vault, source, &area, span, lacking, page)?;
            may_open(&who, &area, rows.iter().map(|row| row.kind))?;
            Ok(rows)
        })
        .await?;
    let show = |row| facts::show(span.year, row);
    let (items, next) = bound.finish(page, rows, |row| row.id, show)?;
    Ok(HttpResponse::Ok().json(facts::AssessmentFactPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
