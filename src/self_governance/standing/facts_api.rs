//! The rows behind a count, over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::{village_of, year_of};
use super::model::GovernanceFact;
use super::store::{self, FactRow};
use super::{count, criteria};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Limit, ShortCode};
use crate::page_of;
use crate::self_governance::listing;
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// The kind of the record that a row is of, which can be read by itself; a `home_opinion` is one of
    /// `list_concerns`.
    FactRecordKind {
        Text = "text",
        Deliberation = "deliberation",
        Decision = "decision",
        Implementation = "implementation",
        Check = "check",
        Disclosure = "disclosure",
        Opinion = "opinion",
        HomeOpinion = "home_opinion",
        Example = "example",
    }
}

/// A row that was counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageFact {
    pub kind: FactRecordKind,
    /// The record to read.
    pub record_id: Uid,
    pub on: Day,
    pub fact: GovernanceFact,
}

page_of! {
    /// A page of rows that were counted.
    VillageFactPage of VillageFact
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageFactQuery {
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List the rows behind a criterion
///
/// Of a village in a year: the very rows that were counted, newest first. The criterion is one of the set that holds for
/// that year.
#[utoipa::path(tag = "self-governance", params(("code" = AreaCode, Path, description = "The village's code", example = "330402007024"),
    ("criterion" = ShortCode, Path, description = "The criterion's code", example = "deliberation"), VillageFactQuery),
    responses((status = 200, description = "A page of rows", body = VillageFactPage)))]
#[get("/self-governance/villages/{code}/criteria/{criterion}/facts")]
pub async fn list_village_facts(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    Params(asked): Params<VillageFactQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let year = year_of(asked.year.as_deref(), who.at.china_day())?;
    let (village, criterion) = path.into_inner();
    let told = year.to_string();
    let filters = [
        Some(village.as_str()),
        Some(told.as_str()),
        Some(criterion.as_str()),
    ];
    let bound = listing::bound(&app, &who, "list_village_facts", &filters);
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let (fact, rows) = app
        .db
        .read(move |c| {
            let area = village_of(c, &who, &village)?;
            let fact = criteria::fact_of(c, year, &criterion)?.ok_or_else(AppError::not_found)?;
            let rows = store::rows(c, area.id, fact, count::days(year)?, page)?;
            Ok((fact, rows))
        })
        .await?;
    let shown = |row: FactRow| {
        Ok(VillageFact {
            kind: row.kind.parse().map_err(AppError::internal)?,
            record_id: row.record,
            on: row.on_day,
            fact,
        })
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(VillageFactPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
