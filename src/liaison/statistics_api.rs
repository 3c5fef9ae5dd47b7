//! Statistics of liaison over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::statistics::{self, Answers, OfArea};
use crate::auth::{Action, Who};
use crate::error::{AppResult, Fault};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit};
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query::{self, PartLevel, refused};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiaisonStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// A quarter that is over, in China.
    #[param(value_type = String, min_length = 7, max_length = 7, pattern = r"^[12][0-9]{3}-Q[1-4]$", example = "2026-Q1")]
    quarter: Option<String>,
    /// The level of the rows: one or two below the area, else `not_fitting`. The one next below without it.
    #[param(inline, value_type = Option<PartLevel>, example = "town")]
    by: Option<PartLevel>,
    /// How many rows at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// Answers that were due in the quarter, as it ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonAnswers {
    /// Given by their day.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 41)]
    pub in_time: u64,
    /// Given after it.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 6)]
    pub late: u64,
    /// Not given.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 0)]
    pub open: u64,
}

impl From<Answers> for LiaisonAnswers {
    fn from(of: Answers) -> LiaisonAnswers {
        LiaisonAnswers {
            in_time: of.in_time,
            late: of.late,
            open: of.open,
        }
    }
}

/// What was counted of an area. Null is hidden: fewer than 5, or what fewer than 5 would follow from; it may be none.
/// What is counted together is hidden together.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    /// Notices that were sent in the quarter.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 52)]
    pub sent: Option<u64>,
    /// Notices that came in, by the day they were sent.
    #[schema(minimum = 0, maximum = 100_000_000i64, example = 47)]
    pub received: Option<u64>,
    /// Answers to what came in.
    pub answers_given: Option<LiaisonAnswers>,
    /// Answers to what was sent.
    pub answers_got: Option<LiaisonAnswers>,
}

/// How notices were answered in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonStatistics {
    pub quarter: Quarter,
    pub total: LiaisonOfArea,
    /// The areas in it, in the order of their codes.
    #[schema(max_items = 200)]
    pub rows: Vec<LiaisonOfArea>,
    pub next_cursor: Option<Cursor>,
}

fn show(of: OfArea) -> AppResult<LiaisonOfArea> {
    Ok(LiaisonOfArea {
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
        sent: of.sent,
        received: of.received,
        answers_given: of.given.map(LiaisonAnswers::from),
        answers_got: of.got.map(LiaisonAnswers::from),
    })
}

/// Count liaison
///
/// Notices between inflow and outflow areas in a quarter that is over, of an area and the areas in it: how many were
/// sent and came in, and whether they were answered in time. Acknowledgements ask for no answer and are not counted,
/// nor is what ended unanswered because consent was withdrawn or the person moved on.
#[utoipa::path(tag = "liaison", params(LiaisonStatisticsQuery), responses((status = 200, description = "The counts", body = LiaisonStatistics)))]
#[get("/statistics/liaison")]
pub async fn get_liaison_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<LiaisonStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonCount)?;
    let today = who.at.china_day();
    let quarter = query::quarter(asked.quarter.as_deref(), today)?;
    if !quarter.finished(today) {
        return Err(refused("/quarter", Fault::InTheFuture));
    }
    let (area, by) = (asked.area, asked.by);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "get_liaison_statistics {quarter} {by:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let vault = app.vault.clone();
    let mut found = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::LiaisonCount, &area)?;
            let level = query::level(&area, by)?;
            statistics::of(c, &vault, area, level, quarter, page)
        })
        .await?;
    let rows = std::mem::take(&mut found.rows);
    let row = |area| show(found.of(area));
    let (rows, next) = bound.finish(page, rows, |row| row.id, row)?;
    Ok(HttpResponse::Ok().json(LiaisonStatistics {
        quarter,
        rows,
        next_cursor: next.map(Cursor),
        total: show(found.whole)?,
    }))
}
