//! The share of the catalogue offered, over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::ServiceKind;
use super::reach::{self, Reached};
use super::statistics_api::finished;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::text::{AreaCode, Label};
use crate::state::App;
use crate::statistics::quarter::Quarter;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceReachQuery {
    /// A township or something wider, in an area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// A quarter that is over, in China.
    #[param(value_type = String, min_length = 7, max_length = 7, pattern = r"^[12][0-9]{3}-Q[1-4]$", example = "2026-Q1")]
    quarter: Option<String>,
}

/// One kind of service in an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReachOfKind {
    pub kind: ServiceKind,
    /// Residents were offered it.
    #[schema(example = true)]
    pub residents: bool,
    /// Local households were offered it.
    #[schema(example = true)]
    pub local_households: bool,
    /// How often those were. Null is hidden: fewer than 5, or what fewer than 5 would follow from.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 42)]
    pub local_household_offers: Option<u64>,
}

/// How much of the catalogue was offered in an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReachOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    /// Kinds offered to residents of all kinds, in percent, rounded down.
    #[schema(minimum = 0, maximum = 100, example = 66)]
    pub residents_percent: u8,
    /// The same of local households.
    #[schema(minimum = 0, maximum = 100, example = 83)]
    pub local_households_percent: u8,
    #[schema(max_items = 20)]
    pub kinds: Vec<ReachOfKind>,
}

/// How much of the catalogue was offered in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceReach {
    pub quarter: Quarter,
    /// The whole of the area.
    pub whole: ReachOfArea,
    /// The areas next below it; none of a township.
    #[schema(max_items = 1000)]
    pub parts: Vec<ReachOfArea>,
}

fn percent(offered: &[bool]) -> u8 {
    let some = offered.iter().filter(|kind| **kind).count();
    u8::try_from(some * 100 / offered.len().max(1)).unwrap_or(100)
}

fn show(of: Reached) -> AppResult<ReachOfArea> {
    let at = |list: &[bool], number: usize| list.get(number).copied().unwrap_or(false);
    let kinds = ServiceKind::ALL.iter().enumerate();
    let kinds = kinds.map(|(number, kind)| ReachOfKind {
        kind: *kind,
        residents: at(&of.residents, number),
        local_households: at(&of.households, number),
        local_household_offers: of.counts.kinds.get(number).copied().flatten(),
    });
    Ok(ReachOfArea {
        residents_percent: percent(&of.residents),
        local_households_percent: percent(&of.households),
        kinds: kinds.collect(),
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
    })
}

/// Compare what is offered
///
/// The share of the catalogue that residents were offered beside the same figure for local households, of an area and
/// the areas next below it, in a quarter that is over. Residents are counted by their services, local households by
/// what confirmed visits offered; health services are one kind, as everybody's record has them.
#[utoipa::path(tag = "services", params(ServiceReachQuery), responses((status = 200, description = "The shares", body = ServiceReach)))]
#[get("/statistics/service-reach")]
pub async fn get_service_reach(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ServiceReachQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceCount)?;
    let quarter = finished(query.quarter.as_deref(), &who)?;
    let area = query.area;
    let (whole, parts) = app
        .db
        .read(move |c| {
            let area = super::statistics_api::countable(c, &who, &area)?;
            reach::of(c, area, quarter)
        })
        .await?;
    let parts: AppResult<Vec<ReachOfArea>> = parts.into_iter().map(show).collect();
    Ok(HttpResponse::Ok().json(ServiceReach {
        quarter,
        whole: show(whole)?,
        parts: parts?,
    }))
}
