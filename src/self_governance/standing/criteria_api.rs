//! The criteria of self-governance over HTTP: data that an administrator changes.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::criteria;
use super::model::*;
use super::store;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{Tagged, changed, found};
use crate::http::text::{Int, Label, ShortCode, UpTo};
use crate::state::App;

/// What a village's year needs: so many rows of a fact.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "deliberation", "title_zh": "有议事", "title_en": "Deliberation", "fact": "deliberation_held", "at_least": 2}))]
pub struct Criterion {
    pub code: ShortCode,
    pub title_zh: Label,
    pub title_en: Label,
    pub fact: GovernanceFact,
    #[schema(value_type = i64, minimum = 1, maximum = 1000, example = 1)]
    pub at_least: Int<1, 1000>,
}

/// A set of criteria, whole.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"assumed": false, "criteria": [
    {"code": "charter", "title_zh": "有章程", "title_en": "A charter", "fact": "charter_in_force", "at_least": 1},
    {"code": "deliberation", "title_zh": "有议事", "title_en": "Deliberation", "fact": "deliberation_held", "at_least": 2}]}))]
pub struct NewCriteria {
    /// Not from the guide itself.
    #[schema(example = false)]
    pub assumed: bool,
    /// One at least; a village meets them all.
    #[schema(value_type = Vec<Criterion>, min_items = 1, max_items = 40)]
    pub criteria: UpTo<40, Criterion>,
}

/// What makes a village qualified, from a year on until the next set.
#[derive(Debug, Serialize, ToSchema)]
pub struct SelfGovernanceCriteria {
    /// The first year for which it holds.
    #[schema(minimum = 1990, maximum = 2999, example = 1990)]
    pub year: i64,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    /// Not from the guide itself.
    #[schema(example = false)]
    pub assumed: bool,
    /// In their order.
    #[schema(max_items = 40)]
    pub criteria: Vec<Criterion>,
    pub updated_at: Micros,
}

impl Tagged for SelfGovernanceCriteria {
    fn id(&self) -> Uid {
        criteria::set_id(self.year)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// The sets of criteria.
#[derive(Debug, Serialize, ToSchema)]
pub struct SelfGovernanceCriteriaList {
    /// Newest first.
    #[schema(max_items = 200)]
    pub items: Vec<SelfGovernanceCriteria>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

fn text(text: &str) -> AppResult<Label> {
    Label::parse(text).map_err(|_| AppError::internal("a stored title of a criterion is not one"))
}

pub fn criterion(row: &CriterionRow) -> AppResult<Criterion> {
    Ok(Criterion {
        code: ShortCode::parse(row.code.as_str())
            .map_err(|_| AppError::internal("a stored code of a criterion is not one"))?,
        title_zh: text(&row.title_zh)?,
        title_en: text(&row.title_en)?,
        fact: row.fact,
        at_least: Int(row.least),
    })
}

pub fn shown(set: SetRow, rows: &[CriterionRow]) -> AppResult<SelfGovernanceCriteria> {
    let theirs = rows.iter().filter(|row| row.year == set.year);
    Ok(SelfGovernanceCriteria {
        year: set.year,
        version: set.version,
        assumed: set.assumed,
        criteria: theirs.map(criterion).collect::<AppResult<_>>()?,
        updated_at: set.updated_at,
    })
}

fn all(c: &mut DbConn) -> AppResult<Vec<SelfGovernanceCriteria>> {
    let sets = store::sets(c)?;
    let years: Vec<i64> = sets.iter().map(|set| set.year).collect();
    let rows = store::criteria_of(c, &years)?;
    sets.into_iter().map(|set| shown(set, &rows)).collect()
}

fn one(c: &mut DbConn, year: i64) -> AppResult<SelfGovernanceCriteria> {
    let set = store::set_for(c, year)?.ok_or_else(AppError::not_found)?;
    let rows = store::criteria_of(c, &[set.year])?;
    shown(set, &rows)
}

fn path_year(path: &str) -> AppResult<i64> {
    let year: Option<i64> = path.parse().ok().filter(|_| path.len() == 4);
    year.filter(|year| (1990..=2999).contains(year))
        .ok_or_else(AppError::not_found)
}

/// List the criteria of self-governance
///
/// Each set with the first year for which it holds.
#[utoipa::path(tag = "self-governance", responses((status = 200, description = "The sets", body = SelfGovernanceCriteriaList)))]
#[get("/self-governance-criteria")]
pub async fn list_self_governance_criteria(
    app: web::Data<App>,
    who: Who,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceCriteriaRead)?;
    let items = app.db.read(all).await?;
    Ok(HttpResponse::Ok().json(SelfGovernanceCriteriaList {
        items,
        next_cursor: None,
    }))
}

/// Read the criteria of a year
///
/// The newest set up to it.
#[utoipa::path(tag = "self-governance", params(("year" = i64, Path, minimum = 1990, maximum = 2999, description = "The year", example = 2026)),
    responses((status = 200, description = "The set that holds", body = SelfGovernanceCriteria)))]
#[get("/self-governance-criteria/{year}")]
pub async fn get_self_governance_criteria(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    year: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceCriteriaRead)?;
    let year = path_year(&year)?;
    let set = app.db.read(move |c| one(c, year)).await?;
    Ok(found(&req, &set))
}

/// Set the criteria from a year on
///
/// Whole, in the place of those that began with this year. Counts of that year and later ones go by them at once; what
/// people decided stays. Refused with a pointer: none, a code that stands twice, a fact that is not known.
#[utoipa::path(tag = "self-governance", request_body = NewCriteria, params(("year" = i64, Path, minimum = 1990, maximum = 2999, description = "The year", example = 2027)),
    responses((status = 200, description = "The set as it is now", body = SelfGovernanceCriteria)))]
#[put("/self-governance-criteria/{year}")]
pub async fn set_self_governance_criteria(
    app: web::Data<App>,
    who: Who,
    year: web::Path<String>,
    body: Body<NewCriteria>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceCriteriaWrite)?;
    let (year, new) = (path_year(&year)?, body.value);
    let set = app
        .db
        .write(move |c| criteria::set(c, &who, year, &new))
        .await?;
    Ok(changed(&set))
}
