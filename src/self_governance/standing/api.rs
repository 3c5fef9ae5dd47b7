//! How villages stand in a year, over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::count::{self, OfVillage, OfYear};
use super::criteria_api::{Criterion, criterion};
use super::{rules, store};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json::Params;
use crate::http::page::Cursor;
use crate::http::text::{AreaCode, Label, Limit, ShortCode};
use crate::self_governance::listing;
use crate::state::App;
use crate::statistics::query::{self, refused};

/// What people decided about a village's year.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedBeside {
    pub confirmation_id: Uid,
    #[schema(example = true)]
    pub qualified: bool,
    pub decided_on: Day,
}

/// A village in a year: as it is counted, and as people decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageStanding {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub name: String,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    /// As counted.
    #[schema(example = false)]
    pub qualified: bool,
    /// The codes of the criteria that are not met.
    #[schema(value_type = Vec<ShortCode>, max_items = 40)]
    pub missing: Vec<String>,
    /// The newest decision; null where there is none.
    pub decided: Option<DecidedBeside>,
    /// People decided otherwise than is counted.
    #[schema(example = false)]
    pub differs: bool,
}

/// A page of villages.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageStandingPage {
    /// In the order of their codes.
    #[schema(max_items = 200)]
    pub items: Vec<VillageStanding>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<Cursor>,
}

fn show(year: i64, village: OfVillage) -> AppResult<VillageStanding> {
    Ok(VillageStanding {
        year,
        qualified: village.qualified(),
        differs: village.differs(),
        missing: village.missing,
        decided: village.decided.map(|row| DecidedBeside {
            confirmation_id: row.id,
            qualified: row.qualified,
            decided_on: row.decided_on,
        }),
        area: crate::self_governance::village::code(village.area.code)?,
        name: village.area.name,
    })
}

/// The year asked for, which has at least begun; this one without it.
pub fn year_of(asked: Option<&str>, today: jiff::civil::Date) -> AppResult<i64> {
    let this = i64::from(today.year());
    let Some((first, _)) = listing::days(asked)? else {
        return Ok(this);
    };
    let year = i64::from(first.0.year());
    match (year > this, year < 1990) {
        (true, _) => Err(refused("/year", Fault::InTheFuture)),
        (_, true) => Err(refused("/year", Fault::OutOfRange)),
        _ => Ok(year),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageStandingQuery {
    /// An area of the caller's.
    #[param(value_type = String, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// Those that are counted as qualified, or not, only.
    #[param(inline, value_type = Option<YesNo>, example = "no")]
    qualified: Option<YesNo>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

crate::text_enum! {
    /// Yes or no, in a query.
    YesNo { Yes = "yes", No = "no" }
}

/// List villages by their standing
///
/// Those of an area in a year, each as it is counted and as people decided, in the order of their codes.
#[utoipa::path(tag = "self-governance", params(VillageStandingQuery), responses((status = 200, description = "A page of villages", body = VillageStandingPage)))]
#[get("/self-governance/villages")]
pub async fn list_village_standings(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<VillageStandingQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let year = year_of(asked.year.as_deref(), who.at.china_day())?;
    let (area, wanted) = (asked.area, asked.qualified);
    let told = format!("{year} {wanted:?}");
    let filters = [area.as_ref().map(AreaCode::as_str), Some(told.as_str())];
    let bound = listing::bound(&app, &who, "list_village_standings", &filters);
    let page = bound.open(asked.limit, asked.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let area = query::area(c, &who, Action::SelfGovernanceRead, &area)?;
            let mut villages = count::of(c, &area, year)?.villages;
            if let Some(wanted) = wanted {
                villages.retain(|v| v.qualified() == (wanted == YesNo::Yes));
            }
            if let Some(after) = page.after {
                let last = areas::store::by_id(c, after)?.ok_or_else(AppError::not_found)?;
                villages.retain(|v| (&v.area.code, v.area.id) > (&last.code, last.id));
            }
            villages.truncate(usize::try_from(page.limit + 1).unwrap_or(0));
            Ok(villages)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |v| v.area.id, |v| show(year, v))?;
    Ok(HttpResponse::Ok().json(VillageStandingPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// A criterion and what was counted for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CriterionStanding {
    pub criterion: Criterion,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 1)]
    pub counted: i64,
    #[schema(example = true)]
    pub met: bool,
}

/// A village's opinions of a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpinionCounts {
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 8)]
    pub voiced: i64,
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 7)]
    pub answered: i64,
    /// Without an answer, past their day.
    #[schema(minimum = 0, maximum = 1_000_000_000i64, example = 0)]
    pub overdue: i64,
}

/// A village in a year, criterion by criterion.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageStandingInFull {
    pub village: VillageStanding,
    /// The first year for which the criteria hold.
    #[schema(minimum = 1990, maximum = 2999, example = 1990)]
    pub criteria_year: i64,
    /// In their order; the rows behind each are a page of their own.
    #[schema(max_items = 40)]
    pub criteria: Vec<CriterionStanding>,
    /// Those of the village itself; what was voiced at visits stands with them.
    pub opinions: OpinionCounts,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct YearQuery {
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
}

/// The village of a path, all of which the caller may read.
pub fn village_of(c: &mut DbConn, who: &Who, code: &str) -> AppResult<AreaRow> {
    areas::store::by_code_ever(c, code)?
        .filter(|area| area.level == AreaLevel::Village)
        .filter(|area| who.may_within(Action::SelfGovernanceRead, area))
        .ok_or_else(AppError::not_found)
}

fn in_full(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    year: i64,
) -> AppResult<(OfYear, (i64, i64, i64))> {
    let area = village_of(c, who, code)?;
    let opinions = store::opinions(c, area.id, count::days(year)?, Day(who.at.china_day()))?;
    Ok((count::of(c, &area, year)?, opinions))
}

/// Read how a village stands
///
/// In a year, criterion by criterion: what was counted, and what is missing.
#[utoipa::path(tag = "self-governance", params(("code" = AreaCode, Path, description = "The village's code", example = "330402007024"), YearQuery),
    responses((status = 200, description = "The village in full", body = VillageStandingInFull)))]
#[get("/self-governance/villages/{code}/standing")]
pub async fn get_village_standing(
    app: web::Data<App>,
    who: Who,
    code: web::Path<String>,
    Params(asked): Params<YearQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let year = year_of(asked.year.as_deref(), who.at.china_day())?;
    let (found, opinions) = app.db.read(move |c| in_full(c, &who, &code, year)).await?;
    let village = found.villages.into_iter().next();
    let village = village.ok_or_else(AppError::not_found)?;
    let standing = |row| {
        let (counted, met) = rules::met(row, &village.counts);
        let criterion = criterion(row)?;
        Ok(CriterionStanding {
            criterion,
            counted,
            met,
        })
    };
    let criteria = found.criteria.iter().map(standing);
    let criteria = criteria.collect::<AppResult<Vec<_>>>()?;
    let (voiced, answered, overdue) = opinions;
    Ok(HttpResponse::Ok().json(VillageStandingInFull {
        criteria_year: found.set.year,
        criteria,
        opinions: OpinionCounts {
            voiced,
            answered,
            overdue,
        },
        village: show(year, village)?,
    }))
}
