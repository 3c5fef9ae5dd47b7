//! Statistics of insurance over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::machine::ClaimState;
use super::model::ClaimStateWord;
use super::statistics::{Figures, states};
use super::statistics_store as store;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::auth::{Action, Who};
use crate::db::{Fen, Micros};
use crate::error::{AppResult, Fault};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit, Money};
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query::{self, PartLevel, refused};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InsuranceStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// A quarter that is closed, ten days after its end in China; at most two years ago when this was first used.
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

/// How many claims stood in a state when the quarter ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimsInState {
    pub state: ClaimStateWord,
    /// In fives: 10 is 10 to 14. Null is hidden.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 10)]
    pub claims: Option<u64>,
}

/// What was counted of an area. Null is hidden: fewer than 5, or one that is hidden along with fewer; it may be none,
/// or many. What is counted together is hidden together.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsuranceFigures {
    /// Households told about insurance, by the reports of activities.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 1200)]
    pub households_informed: Option<u64>,
    /// Households in which somebody was insured on the quarter's last day, in fives: 340 is 340 to 344.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 340)]
    pub households_insured: Option<u64>,
    /// Policies that began in the quarter.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 95)]
    pub policies_begun: Option<u64>,
    /// Claims reported in the quarter.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 31)]
    pub claims_reported: Option<u64>,
    /// Claims that went on, by where they stood on the quarter's last day. Those that ended are in none.
    #[schema(max_items = 20)]
    pub claims_by_state: Vec<ClaimsInState>,
    /// Decisions of the insurer in the quarter.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 26)]
    pub claims_decided: Option<u64>,
    /// Of these, those within the time that the law or the contract gives.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 20)]
    pub decided_in_time: Option<u64>,
    /// And those after it.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 4)]
    pub decided_late: Option<u64>,
    /// And those for which neither gives a number of days: the law says promptly, and nobody called them complex.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 2)]
    pub decided_without_time: Option<u64>,
    /// Claims of which all that was granted was paid for the first time in the quarter.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 22)]
    pub claims_paid: Option<u64>,
    /// Of these, those within the time that the law or the contract gives.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 22)]
    pub paid_in_time: Option<u64>,
    /// Claims on which something was paid in the quarter: an advance, a part, or more after a dispute.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 25)]
    pub claims_with_payments: Option<u64>,
    /// All that was paid in the quarter, on no fewer than 5 claims.
    pub amount_paid: Option<Money>,
}

impl From<Figures> for InsuranceFigures {
    fn from(f: Figures) -> InsuranceFigures {
        let all = |(in_time, late, untimed): (u64, u64, u64)| in_time + late + untimed;
        let in_state = |state: ClaimState| ClaimsInState {
            state: ClaimStateWord(state),
            claims: f.states.get(state.as_str()).copied().flatten(),
        };
        InsuranceFigures {
            households_informed: f.informed,
            households_insured: f.insured,
            policies_begun: f.begun,
            claims_reported: f.reported,
            claims_by_state: states().into_iter().map(in_state).collect(),
            claims_decided: f.decided.map(all),
            decided_in_time: f.decided.map(|(in_time, ..)| in_time),
            decided_late: f.decided.map(|(_, late, _)| late),
            decided_without_time: f.decided.map(|(.., untimed)| untimed),
            claims_paid: f.paid.map(|(in_time, late)| in_time + late),
            paid_in_time: f.paid.map(|(in_time, _)| in_time),
            claims_with_payments: f.paying.map(|(claims, _)| claims),
            amount_paid: f.paying.map(|(_, fen)| Money(Fen(fen))),
        }
    }
}

/// The figures of an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsuranceOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    pub figures: InsuranceFigures,
}

/// What insurance came to in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct InsuranceStatistics {
    pub quarter: Quarter,
    /// When all of it was counted; nothing was changed since.
    pub closed_at: Micros,
    /// The whole of the area.
    pub total: InsuranceOfArea,
    /// The areas in it, in the order of their codes; areas that are no more are in the total alone.
    #[schema(max_items = 200)]
    pub rows: Vec<InsuranceOfArea>,
    pub next_cursor: Option<Cursor>,
}

/// Count insurance
///
/// Of an area and the areas in it, in a quarter that is closed. Counts under 5 are hidden, and so much beside them
/// that they follow from nothing that is shown, of whichever area, level or quarter. No product is counted by.
#[utoipa::path(tag = "insurance", params(InsuranceStatisticsQuery), responses((status = 200, description = "The figures", body = InsuranceStatistics)))]
#[get("/insurance-statistics")]
pub async fn get_insurance_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<InsuranceStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::InsuranceCount)?;
    let today = who.at.china_day();
    let quarter = query::quarter(asked.quarter.as_deref(), today)?;
    let (area, by) = (asked.area, asked.by);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "get_insurance_statistics {quarter} {by:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (area, closed_at, parts, mut figures) = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::InsuranceCount, &area)?;
            let level = query::level(&area, by)?;
            let Some(closed_at) = store::closed_at(c, area.province, quarter)? else {
                // The running one and the one before it are still to be closed; an older one never will be.
                let fault = match quarter >= Quarter::of(today).before() {
                    true => Fault::InTheFuture,
                    false => Fault::OutOfRange,
                };
                return Err(refused("/quarter", fault));
            };
            let parts = match level {
                Some(level) => areas::store::parts(c, &area, level, page)?,
                None => Vec::new(),
            };
            let ids: Vec<_> = std::iter::once(area.id)
                .chain(parts.iter().map(|part| part.id))
                .collect();
            let figures = store::figures_of(c, &ids, quarter)?;
            Ok((area, closed_at, parts, figures))
        })
        .await?;
    let mut show = |area: AreaRow| {
        let figures = figures.remove(&area.id).unwrap_or_else(Figures::none);
        Ok(InsuranceOfArea {
            area: AreaCode::stored(area.code)?,
            name: area.name,
            figures: figures.into(),
        })
    };
    let total = show(area)?;
    let (rows, next) = bound.finish(page, parts, |part| part.id, show)?;
    Ok(HttpResponse::Ok().json(InsuranceStatistics {
        quarter,
        closed_at,
        total,
        rows,
        next_cursor: next.map(Cursor),
    }))
}
