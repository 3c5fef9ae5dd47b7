//! What is set for a year, over HTTP.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::commands;
use super::store;
use crate::assessment::api::area;
use crate::assessment::reckon_store;
use crate::assessment::scheme::document::Where;
use crate::assessment::snapshots::model::FreezeReason;
use crate::assessment::span::{Span, year_in_path};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Body;
use crate::http::text::{AreaCode, Int, SourceName, UpTo};
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// Whether the foundation of the work is good.
    Foundation { Good = "good", Elsewhere = "elsewhere" }
}

impl From<Foundation> for Where {
    fn from(said: Foundation) -> Where {
        match said {
            Foundation::Good => Where::Good,
            Foundation::Elsewhere => Where::Elsewhere,
        }
    }
}

/// What is known of an area for a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaProfile {
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// Of a township; null where nobody said.
    #[schema(minimum = 1, maximum = 100_000_000, example = 41_200)]
    pub population: Option<i64>,
    /// Null where nobody said: what holds around the area holds here.
    pub foundation: Option<Where>,
}

/// What is known of an area for a year. What is left out stays as it was set, `null` takes it away.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"population": 41200}))]
pub struct NewProfile {
    /// Of a township; wider areas are the sum of theirs.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000, example = 41_200)]
    pub population: Option<Option<Int<1, 100_000_000>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Foundation>)]
    pub foundation: Option<Option<Foundation>>,
    /// Of a year that was frozen, and of no other: why it is corrected. Never `year_end`.
    #[serde(default)]
    pub because: Option<FreezeReason>,
}

/// The sheet of target responsibility (目标管理责任书) of an area's association.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResponsibilityTarget {
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// Null where nobody recorded one.
    pub association_id: Option<Uid>,
    #[schema(minimum = 1, maximum = 100_000, example = 100)]
    pub total_points: Option<i64>,
    #[schema(minimum = 0, maximum = 100_000, example = 20)]
    pub association_points: Option<i64>,
    pub agreed_on: Option<Day>,
}

/// A sheet of target responsibility, in the place of the one before.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"total_points": 100, "association_points": 20, "agreed_on": "2026-02-01"}))]
pub struct NewTarget {
    /// The points of everything on it.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000, example = 100)]
    pub total_points: Int<1, 100_000>,
    /// Those of the association's work.
    #[schema(value_type = i64, minimum = 0, maximum = 100_000, example = 20)]
    pub association_points: Int<0, 100_000>,
    pub agreed_on: Day,
}

/// How much of something is planned.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"source": "trainings", "planned": 4}))]
pub struct PlanItem {
    /// A source that is a number, or a share; of a share so many per cent are planned.
    pub source: SourceName,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000_000_000i64, example = 4)]
    pub planned: Int<0, 1_000_000_000_000>,
}

/// What an area's association is to do in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentPlan {
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    #[schema(max_items = 100)]
    pub items: Vec<PlanItem>,
}

/// A plan in the place of the one before.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [{"source": "trainings", "planned": 4}, {"source": "publicity", "planned": 12}]}))]
pub struct NewPlan {
    #[schema(value_type = Vec<PlanItem>, max_items = 100)]
    pub items: UpTo<100, PlanItem>,
}

async fn read_profile(app: &App, who: &Who, code: String, year: i64) -> AppResult<AreaProfile> {
    let who = who.clone();
    let (area, row) = app
        .db
        .read(move |c| {
            let area = area(c, &who, Action::AssessmentRead, &code)?;
            let row = store::profile(c, area.id, year)?;
            Ok((area, row))
        })
        .await?;
    let area = AreaCode::stored(area.code)?;
    Ok(AreaProfile {
        area,
        year,
        population: row.as_ref().and_then(|r| r.population),
        foundation: row.and_then(|r| r.foundation),
    })
}

/// Set what is known of an area
///
/// How many live in a township, and whether the foundation of the work is good. Both decide by what an association is
/// judged and are set from above (`self_approval`), by a city for itself. How many lived there in a year is known once it
/// is over. Once the year was frozen, of the area or of one around it, what was wrong is corrected only with a reason
/// (`because`, without it `year_frozen`): what was frozen stays, and the next revision shows the difference.
#[utoipa::path(tag = "assessment", request_body = NewProfile, params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = AreaProfile)))]
#[put("/assessments/{year}/areas/{code}/profile")]
pub async fn set_area_profile(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<NewProfile>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRecord)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    let (caller, new, at) = (who.clone(), body.value, code.clone());
    app.db
        .write(move |c| commands::set_profile(c, &caller, &at, year, &new))
        .await?;
    Ok(HttpResponse::Ok().json(read_profile(&app, &who, code, year).await?))
}

/// Read what is known of an area
///
/// For a year; nulls where nobody said.
#[utoipa::path(tag = "assessment", params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = AreaProfile)))]
#[get("/assessments/{year}/areas/{code}/profile")]
pub async fn get_area_profile(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    Ok(HttpResponse::Ok().json(read_profile(&app, &who, code, year).await?))
}

async fn read_target(
    app: &App,
    who: &Who,
    code: String,
    year: i64,
) -> AppResult<ResponsibilityTarget> {
    let who = who.clone();
    let (area, row) = app
        .db
        .read(move |c| {
            let area = area(c, &who, Action::AssessmentRead, &code)?;
            let row = store::target(c, area.id, year)?;
            Ok((area, row))
        })
        .await?;
    let area = AreaCode::stored(area.code)?;
    Ok(ResponsibilityTarget {
        area,
        year,
        association_id: row.as_ref().map(|r| r.association_id),
        total_points: row.as_ref().map(|r| r.total_points),
        association_points: row.as_ref().map(|r| r.association_points),
        agreed_on: row.map(|r| r.agreed_on),
    })
}

/// Set an association's target responsibility
///
/// The points of the year's sheet, and those of the association's work on it. Set from above (`self_approval`), by a
/// city for itself, while the year is not over (`year_over`): what was done is not agreed on.
#[utoipa::path(tag = "assessment", request_body = NewTarget, params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = ResponsibilityTarget)))]
#[put("/assessments/{year}/areas/{code}/responsibility-target")]
pub async fn set_responsibility_target(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<NewTarget>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRecord)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    let (caller, new, at) = (who.clone(), body.value, code.clone());
    app.db
        .write(move |c| commands::set_target(c, &caller, &at, year, &new))
        .await?;
    Ok(HttpResponse::Ok().json(read_target(&app, &who, code, year).await?))
}

/// Read an association's target responsibility
///
/// Of a year; nulls where nobody recorded one.
#[utoipa::path(tag = "assessment", params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = ResponsibilityTarget)))]
#[get("/assessments/{year}/areas/{code}/responsibility-target")]
pub async fn get_responsibility_target(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    Ok(HttpResponse::Ok().json(read_target(&app, &who, code, year).await?))
}

async fn read_plan(app: &App, who: &Who, code: String, year: i64) -> AppResult<AssessmentPlan> {
    let who = who.clone();
    // Of the association that the area has, or had at the end of the year.
    let today = who.at.china_day();
    let on = Span::of_year(year, today).map_or(Day(today), |span| span.last);
    let (area, row) = app
        .db
        .read(move |c| {
            let area = area(c, &who, Action::AssessmentRead, &code)?;
            let own = reckon_store::associations_of(c, vec![area.id], on)?;
            let row = match own.first() {
                Some(own) => store::plan(c, own.id, year)?,
                None => Vec::new(),
            };
            Ok((area, row))
        })
        .await?;
    let area = AreaCode::stored(area.code)?;
    Ok(AssessmentPlan {
        area,
        year,
        items: row
            .into_iter()
            .map(|row| {
                let source = SourceName::parse(row.source)
                    .map_err(|_| AppError::internal("a stored source has no name"))?;
                Ok(PlanItem {
                    source,
                    planned: Int(row.planned),
                })
            })
            .collect::<AppResult<_>>()?,
    })
}

/// Set an association's plan
///
/// What it is to do in a year, in the place of the plan before. Set from above (`self_approval`), by a city for itself,
/// while the year is not over (`year_over`): what was done is not planned.
#[utoipa::path(tag = "assessment", request_body = NewPlan, params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = AssessmentPlan)))]
#[put("/assessments/{year}/areas/{code}/plan")]
pub async fn set_assessment_plan(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<NewPlan>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRecord)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    let (caller, new, at) = (who.clone(), body.value, code.clone());
    app.db
        .write(move |c| commands::set_plan(c, &caller, &at, year, &new))
        .await?;
    Ok(HttpResponse::Ok().json(read_plan(&app, &who, code, year).await?))
}

/// Read an association's plan
///
/// Of a year; empty where nobody made one.
#[utoipa::path(tag = "assessment", params(("year" = crate::http::text::YearWord, Path, description = "The year"), ("code" = AreaCode, Path, description = "The area's code")),
    responses((status = 200, description = "As it stands now", body = AssessmentPlan)))]
#[get("/assessments/{year}/areas/{code}/plan")]
pub async fn get_assessment_plan(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let (year, code) = path.into_inner();
    let year = year_in_path(&year)?;
    Ok(HttpResponse::Ok().json(read_plan(&app, &who, code, year).await?))
}
