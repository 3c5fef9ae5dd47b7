//! Coverage over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::coverage::{self, OfArea};
use crate::auth::{Action, Who};
use crate::db::Day;
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit};
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query::{self, PartLevel};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CoverageQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// A quarter that has begun, in China.
    #[param(value_type = String, min_length = 7, max_length = 7, pattern = r"^[12][0-9]{3}-Q[1-4]$", example = "2026-Q1")]
    quarter: Option<String>,
    /// The level of the rows: one or two below the area, else `not_fitting`. The one next below without it.
    #[param(inline, value_type = Option<PartLevel>, example = "village")]
    by: Option<PartLevel>,
    /// How many rows at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// How much of an area was covered.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    /// Member homes that were open on any day of the quarter.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 12)]
    pub homes: u64,
    /// Of these, those visited in the quarter, by visits that were submitted.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 9)]
    pub homes_visited: u64,
    /// Households with follow-ups overdue today; `list_overdue_follow_ups` names them.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 8)]
    pub households_overdue: u64,
    /// Opinions and needs that wait for an answer; `list_concerns` names them.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 6)]
    pub concerns_unanswered: u64,
    /// Of these, those whose answer was due before today.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 2)]
    pub concerns_overdue: u64,
}

/// How much of an area and of the areas in it was covered.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitCoverage {
    pub quarter: Quarter,
    /// The day for which what is overdue is counted.
    pub on: Day,
    pub total: CoverageOfArea,
    /// The areas in it, in the order of their codes.
    #[schema(max_items = 200)]
    pub rows: Vec<CoverageOfArea>,
    pub next_cursor: Option<Cursor>,
}

fn show(of: OfArea) -> AppResult<CoverageOfArea> {
    Ok(CoverageOfArea {
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
        homes: of.homes,
        homes_visited: of.visited,
        households_overdue: of.households_overdue,
        concerns_unanswered: of.unanswered,
        concerns_overdue: of.answers_overdue,
    })
}

/// See how much was covered
///
/// Member homes visited in a quarter of all that were open in it, households with follow-ups overdue today, and
/// opinions and needs without an answer, of an area and the areas in it. Whoever asks may list each of them, so that
/// nothing is hidden.
#[utoipa::path(tag = "supervision", params(CoverageQuery), responses((status = 200, description = "The coverage", body = VisitCoverage)))]
#[get("/supervision/coverage")]
pub async fn get_visit_coverage(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<CoverageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SupervisionRead)?;
    let today = who.at.china_day();
    let quarter = query::quarter(asked.quarter.as_deref(), today)?;
    let (area, by) = (asked.area, asked.by);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "get_visit_coverage {quarter} {by:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let mut found = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::SupervisionRead, &area)?;
            let level = query::level(&area, by)?;
            coverage::of(c, area, level, quarter, Day(today), page)
        })
        .await?;
    let rows = std::mem::take(&mut found.rows);
    let row = |area| show(found.of(area));
    let (rows, next) = bound.finish(page, rows, |row| row.id, row)?;
    Ok(HttpResponse::Ok().json(VisitCoverage {
        quarter,
        on: Day(today),
        rows,
        next_cursor: next.map(Cursor),
        total: show(found.whole)?,
    }))
}
