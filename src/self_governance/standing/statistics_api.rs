//! How many villages are qualified, by area and year, over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::year_of;
use super::count::{self, Tally};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Label, Limit};
use crate::self_governance::listing;
use crate::self_governance::village::code;
use crate::state::App;
use crate::statistics::query::{self, PartLevel};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelfGovernanceStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
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

/// The villages of an area: as they are counted, and beside that as people decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct QualifiedVillages {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 24)]
    pub villages: u64,
    /// As counted, whatever anybody decided.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 21)]
    pub qualified: u64,
    /// About how many somebody decided.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 22)]
    pub decided: u64,
    /// And how many of these as qualified.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 22)]
    pub decided_qualified: u64,
    /// About how many somebody decided otherwise than is counted.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 1)]
    pub differing: u64,
}

/// How many villages are qualified, by area.
#[derive(Debug, Serialize, ToSchema)]
pub struct SelfGovernanceStatistics {
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// The first year for which the criteria hold.
    #[schema(minimum = 1990, maximum = 2999, example = 1990)]
    pub criteria_year: i64,
    pub total: QualifiedVillages,
    /// The areas in it, in the order of their codes.
    #[schema(max_items = 200)]
    pub rows: Vec<QualifiedVillages>,
    pub next_cursor: Option<Cursor>,
}

fn show(area: AreaRow, tally: Tally) -> AppResult<QualifiedVillages> {
    Ok(QualifiedVillages {
        area: code(area.code)?,
        name: area.name,
        villages: tally.villages,
        qualified: tally.qualified,
        decided: tally.decided,
        decided_qualified: tally.decided_qualified,
        differing: tally.differing,
    })
}

/// Count qualified villages by area
///
/// Of an area and the areas in it, in a year. Villages are counted, never people.
#[utoipa::path(tag = "self-governance", params(SelfGovernanceStatisticsQuery), responses((status = 200, description = "The counts", body = SelfGovernanceStatistics)))]
#[get("/self-governance/statistics")]
pub async fn get_self_governance_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<SelfGovernanceStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceCount)?;
    let year = year_of(asked.year.as_deref(), who.at.china_day())?;
    let (area, by) = (asked.area, asked.by);
    let told = format!("{year} {by:?}");
    let filters = [area.as_ref().map(AreaCode::as_str), Some(told.as_str())];
    let bound = listing::bound(&app, &who, "get_self_governance_statistics", &filters);
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (area, rows, counted) = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::SelfGovernanceCount, &area)?;
            let rows = match query::level(&area, by)? {
                Some(level) => areas::store::parts(c, &area, level, page)?,
                None => Vec::new(),
            };
            let counted = count::of(c, &area, year)?;
            Ok((area, rows, counted))
        })
        .await?;
    let tallies = counted.by_area();
    let tally = |area: &AreaRow| tallies.get(&area.id).copied().unwrap_or_default();
    let row = |area: AreaRow| {
        let of = tally(&area);
        show(area, of)
    };
    let (rows, next) = bound.finish(page, rows, |row| row.id, row)?;
    let total = tally(&area);
    Ok(HttpResponse::Ok().json(SelfGovernanceStatistics {
        year,
        criteria_year: counted.set.year,
        total: show(area, total)?,
        rows,
        next_cursor: next.map(Cursor),
    }))
}
