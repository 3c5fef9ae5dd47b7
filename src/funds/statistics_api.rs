//! Statistics of funds over HTTP. They are of associations' money: nothing in them is of anybody.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::accounts::SpentOn;
use super::ledger::reports_api::{quarters, this_year};
use super::money::SignedMoney;
use super::shares::ExactShare;
use super::sources::FundSource;
use super::statistics::OfYear;
use super::statistics_store as store;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::text::AreaCode;
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FundStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
}

/// What came in of a source in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundIncome {
    pub source: FundSource,
    pub quarter: Quarter,
    /// Less than nothing where more was taken back than came in.
    pub amount: SignedMoney,
}

/// What was spent on something.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundSpending {
    pub spent_on: SpentOn,
    pub amount: SignedMoney,
}

/// The funds of an area's associations in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundStatistics {
    pub area: AreaCode,
    /// Every source and quarter.
    #[schema(max_items = 40)]
    pub income: Vec<FundIncome>,
    #[schema(max_items = 20)]
    pub spent: Vec<FundSpending>,
    /// What was spent on help in hardship, of all that was spent.
    pub hardship_share: ExactShare,
}

/// Count what funds took in and spent
///
/// Of the associations that stand in an area, the municipal one among them, by source and quarter of a year.
#[utoipa::path(tag = "funds", params(FundStatisticsQuery), responses((status = 200, description = "The sums", body = FundStatistics)))]
#[get("/fund-statistics")]
pub async fn get_fund_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<FundStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundCount)?;
    let (first, last) = this_year(asked.year.as_deref(), who.at.china_day())?;
    let (code, rows) = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::FundCount, &asked.area)?;
            let rows = store::moved(c, &area, first, last)?;
            Ok((area.code, rows))
        })
        .await?;
    let (year, named) = (OfYear::of(&rows), quarters(first)?);
    let of_source = |(source, sums): &(FundSource, [i64; 4])| {
        let (source, sums) = (*source, *sums);
        named
            .into_iter()
            .zip(sums)
            .map(move |(quarter, sum)| FundIncome {
                source,
                quarter,
                amount: sum.into(),
            })
    };
    let spending = |(spent_on, sum): &(SpentOn, i64)| FundSpending {
        spent_on: *spent_on,
        amount: (*sum).into(),
    };
    Ok(HttpResponse::Ok().json(FundStatistics {
        area: AreaCode::stored(code)?,
        income: year.income.iter().flat_map(of_source).collect(),
        spent: year.spent.iter().map(spending).collect(),
        hardship_share: year.hardship().into(),
    }))
}
