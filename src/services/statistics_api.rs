//! Statistics of services over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::Tallied;
use super::statistics::{self, OfArea};
use super::tally::TallyKind;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::{Action, Who};
use crate::db::DbConn;
use crate::error::{AppResult, Fault};
use crate::http::json::Params;
use crate::http::text::{AreaCode, FactWord, Label};
use crate::privacy::suppression::Shown;
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query::{self, refused};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceStatisticsQuery {
    /// A township or something wider, in an area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// A quarter that is over, in China.
    #[param(value_type = String, min_length = 7, max_length = 7, pattern = r"^[12][0-9]{3}-Q[1-4]$", example = "2026-Q1")]
    quarter: Option<String>,
}

/// How often something was done. Null is hidden: fewer than 5, or what fewer than 5 would follow from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceCounts {
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 120)]
    pub offered: Option<u64>,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 97)]
    pub accepted: Option<u64>,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 11)]
    pub declined: Option<u64>,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 85)]
    pub delivered: Option<u64>,
}

/// The counts of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsOfKind {
    /// A word of `list_service_kinds`, or `health`: of health, and nobody said which kind.
    #[schema(value_type = FactWord, example = "health_education")]
    pub kind: String,
    pub counts: ServiceCounts,
}

/// The counts of an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    /// All kinds together.
    pub all: ServiceCounts,
    #[schema(max_items = 20)]
    pub kinds: Vec<CountsOfKind>,
}

/// What was done in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceStatistics {
    pub quarter: Quarter,
    /// The whole of the area.
    pub whole: CountsOfArea,
    /// The areas next below it; none of a township: in a village few people are served.
    #[schema(max_items = 1000)]
    pub parts: Vec<CountsOfArea>,
}

fn counts(steps: &[Shown], of: impl Fn(&Shown) -> Option<u64>) -> ServiceCounts {
    let step = |what: Tallied| {
        let at = Tallied::ALL.iter().position(|w| *w == what)?;
        steps.get(at).and_then(&of)
    };
    ServiceCounts {
        offered: step(Tallied::Offered),
        accepted: step(Tallied::Accepted),
        declined: step(Tallied::Declined),
        delivered: step(Tallied::Delivered),
    }
}

fn show(of: OfArea) -> AppResult<CountsOfArea> {
    let kinds = TallyKind::all().into_iter().enumerate();
    Ok(CountsOfArea {
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
        all: counts(&of.steps, |shown| shown.all),
        kinds: kinds
            .map(|(number, kind)| CountsOfKind {
                kind: kind.to_owned(),
                counts: counts(&of.steps, |shown| {
                    shown.kinds.get(number).copied().flatten()
                }),
            })
            .collect(),
    })
}

/// The finished quarter that is asked for.
pub(super) fn finished(asked: Option<&str>, who: &Who) -> AppResult<Quarter> {
    let today = who.at.china_day();
    let quarter = query::quarter(asked, today)?;
    match quarter.finished(today) {
        true => Ok(quarter),
        false => Err(refused("/quarter", Fault::InTheFuture)),
    }
}

/// An area of the caller's in which may be counted: no village, where few people are.
pub(super) fn countable(c: &mut DbConn, who: &Who, asked: &Option<AreaCode>) -> AppResult<AreaRow> {
    let area = query::area(c, who, Action::ServiceCount, asked)?;
    match area.level {
        AreaLevel::Village => Err(refused("/area", Fault::NotFitting)),
        _ => Ok(area),
    }
}

/// Count services
///
/// By kind and step, of an area and the areas next below it, in a quarter that is over. Counts under 5 are
/// hidden, and so much beside them that they follow from nothing that is shown, of whichever area.
#[utoipa::path(tag = "services", params(ServiceStatisticsQuery), responses((status = 200, description = "The counts", body = ServiceStatistics)))]
#[get("/statistics/services")]
pub async fn get_service_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<ServiceStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ServiceCount)?;
    let quarter = finished(asked.quarter.as_deref(), &who)?;
    let area = asked.area;
    let found = app
        .db
        .read(move |c| {
            let area = countable(c, &who, &area)?;
            statistics::of(c, area, quarter)
        })
        .await?;
    let parts: AppResult<Vec<CountsOfArea>> = found.parts.into_iter().map(show).collect();
    Ok(HttpResponse::Ok().json(ServiceStatistics {
        quarter,
        whole: show(found.whole)?,
        parts: parts?,
    }))
}
