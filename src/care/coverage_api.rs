//! Coverage of special families over HTTP.

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
use crate::statistics::query::{self, PartLevel};

/// A family counts as visited for so many days.
const VISITED_DAYS: i64 = 90;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpecialFamilyQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
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

/// The special families of an area. Null is hidden: fewer than 5 of any kind, or what fewer would follow from; it may
/// be none.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpecialFamiliesOfArea {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 120)]
    pub families: Option<u64>,
    /// Of these, those with both contacts.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 120)]
    pub with_two_contacts: Option<u64>,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 115)]
    pub with_family_doctor: Option<u64>,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 115)]
    pub with_green_channel: Option<u64>,
    /// Visited by a contact in the last 90 days.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 110)]
    pub visited: Option<u64>,
}

/// Special families by area.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpecialFamilyCoverage {
    /// The day for which they were counted.
    pub on: Day,
    pub total: SpecialFamiliesOfArea,
    /// The areas in it, in the order of their codes.
    #[schema(max_items = 200)]
    pub rows: Vec<SpecialFamiliesOfArea>,
    pub next_cursor: Option<Cursor>,
}

fn show(of: OfArea) -> AppResult<SpecialFamiliesOfArea> {
    let [contacts, doctor, channel, visited] = of.with;
    Ok(SpecialFamiliesOfArea {
        area: AreaCode::stored(of.area.code)?,
        name: of.area.name,
        families: of.families,
        with_two_contacts: contacts,
        with_family_doctor: doctor,
        with_green_channel: channel,
        visited,
    })
}

/// Count special families by area
///
/// Those in care today, and how many of them have two contacts, a family doctor, a green channel and a visit. Small
/// counts are hidden, and so much beside them that they follow from nothing that is shown.
#[utoipa::path(tag = "care", params(SpecialFamilyQuery), responses((status = 200, description = "The counts", body = SpecialFamilyCoverage)))]
#[get("/special-family-coverage")]
pub async fn get_special_family_coverage(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<SpecialFamilyQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareCount)?;
    let today = who.at.china_day();
    let since = today.saturating_sub(jiff::Span::new().days(VISITED_DAYS));
    let (area, by) = (asked.area, asked.by);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "get_special_family_coverage {by:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let vault = app.vault.clone();
    let mut found = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::CareCount, &area)?;
            let level = query::level(&area, by)?;
            coverage::of(c, &vault, area, level, Day(since), page)
        })
        .await?;
    let rows = std::mem::take(&mut found.rows);
    let row = |area| show(found.of(area));
    let (rows, next) = bound.finish(page, rows, |row| row.id, row)?;
    Ok(HttpResponse::Ok().json(SpecialFamilyCoverage {
        on: Day(today),
        rows,
        next_cursor: next.map(Cursor),
        total: show(found.whole)?,
    }))
}
