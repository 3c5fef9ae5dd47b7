//! Which care programmes are active in an area, and how many came to lessons. It is of associations and counts nobody
//! who is cared for.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::programmes::model::CareProgrammeKind;
use super::programmes::store_counts as store;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::funds::ledger::reports_api::this_year;
use crate::funds::money::SignedMoney;
use crate::funds::years::year_of;
use crate::http::json::Params;
use crate::http::text::AreaCode;
use crate::state::App;
use crate::statistics::query;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareStatisticsQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
}

/// A programme in an area's associations.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareProgrammeCount {
    pub kind: CareProgrammeKind,
    /// Associations in which it was begun in the year.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 12)]
    pub associations: i64,
    /// Of these, those in which it was not ended.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 11)]
    pub active: i64,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 20)]
    pub projects: i64,
    /// Of all these projects.
    pub budget: SignedMoney,
}

/// The care programmes of an area's associations in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareStatistics {
    pub area: AreaCode,
    /// All five.
    #[schema(max_items = 5)]
    pub programmes: Vec<CareProgrammeCount>,
    /// Lessons of health education that were held.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 40)]
    pub sessions: i64,
    /// Those who came to them, each time anew.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 1800)]
    pub participants: i64,
}

/// Count care programmes
///
/// Of the associations that stand in an area, the municipal one among them, in a year.
#[utoipa::path(tag = "care", params(CareStatisticsQuery), responses((status = 200, description = "The counts", body = CareStatistics)))]
#[get("/care-statistics")]
pub async fn get_care_statistics(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<CareStatisticsQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareCount)?;
    let (first, last) = this_year(asked.year.as_deref(), who.at.china_day())?;
    let (code, counted, lessons) = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::CareCount, &asked.area)?;
            let counted = store::programmes(c, &area, year_of(first))?;
            let lessons = store::sessions(c, &area, first, last)?;
            Ok((area.code, counted, lessons))
        })
        .await?;
    let of = |kind: &CareProgrammeKind| {
        let found = counted.iter().find(|row| row.kind == *kind);
        CareProgrammeCount {
            kind: *kind,
            associations: found.map_or(0, |row| row.associations),
            active: found.map_or(0, |row| row.active),
            projects: found.map_or(0, |row| row.projects),
            budget: found.map_or(0, |row| row.budget).into(),
        }
    };
    Ok(HttpResponse::Ok().json(CareStatistics {
        area: AreaCode::stored(code)?,
        programmes: CareProgrammeKind::ALL.iter().map(of).collect(),
        sessions: lessons.sessions,
        participants: lessons.participants,
    }))
}
