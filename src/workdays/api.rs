//! The working-day calendar over HTTP: the years that are held, the days of one, and a year put in its place.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::import::ListedDay;
use super::{store, years};
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid, meta};
use crate::error::{AppError, AppResult};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::text::{Label, UpTo};
use crate::insurance::workdays::DayKind;
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// What a day is that differs from the rule of Monday to Friday.
    WorkDayKind { Holiday = "holiday", MakeupWorkday = "makeup_workday" }
}
text_enum! {
    /// Where a year comes from: with the program, or imported in its place.
    WorkYearSource { BuiltIn = "built_in", Imported = "imported" }
}

/// A day that differs from the rule of Monday to Friday.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"day": "2026-10-01", "kind": "holiday", "name_zh": "国庆节", "name_en": "National Day"}))]
pub struct WorkDay {
    day: Day,
    kind: WorkDayKind,
    name_zh: Label,
    name_en: Label,
}

/// A year that is held.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkYear {
    #[schema(minimum = 1900, maximum = 2999, example = 2026)]
    pub year: i64,
    pub source: WorkYearSource,
    /// As the State Council arranged it; else the days of the law alone, and every date counted over it is provisional.
    #[schema(example = true)]
    pub published: bool,
    /// How many days differ from the rule.
    #[schema(minimum = 0, maximum = 366, example = 38)]
    pub day_count: i64,
    pub imported_at: Option<Micros>,
}

/// The years that are held.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkYearList {
    /// In their order.
    #[schema(max_items = 200)]
    pub items: Vec<WorkYear>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// A year with its days.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkYearDays {
    #[schema(minimum = 1900, maximum = 2999, example = 2026)]
    pub year: i64,
    pub source: WorkYearSource,
    /// As the State Council arranged it; else the days of the law alone.
    #[schema(example = true)]
    pub published: bool,
    pub imported_at: Option<Micros>,
    /// In their order.
    #[schema(max_items = 366)]
    pub days: Vec<WorkDay>,
}

/// The arrangement of a year, whole.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"published": false, "days": [
    {"day": "2029-01-01", "kind": "holiday", "name_zh": "元旦", "name_en": "New Year's Day"},
    {"day": "2029-05-01", "kind": "holiday", "name_zh": "劳动节", "name_en": "Labour Day"},
    {"day": "2029-05-02", "kind": "holiday", "name_zh": "劳动节", "name_en": "Labour Day"},
    {"day": "2029-10-01", "kind": "holiday", "name_zh": "国庆节", "name_en": "National Day"},
    {"day": "2029-10-02", "kind": "holiday", "name_zh": "国庆节", "name_en": "National Day"},
    {"day": "2029-10-03", "kind": "holiday", "name_zh": "国庆节", "name_en": "National Day"}]}))]
pub struct NewWorkYear {
    /// Arranged by the State Council; false for the days of the law alone.
    #[schema(example = true)]
    published: bool,
    /// Every day that differs from Monday to Friday, each once.
    #[schema(value_type = Vec<WorkDay>, max_items = 120)]
    days: UpTo<120, WorkDay>,
}

impl WorkDay {
    fn listed(&self, published: bool) -> ListedDay {
        ListedDay {
            date: self.day.0,
            kind: match self.kind {
                WorkDayKind::Holiday => DayKind::Holiday,
                WorkDayKind::MakeupWorkday => DayKind::MakeupWorkday,
            },
            title_en: self.name_en.as_str().to_owned(),
            title_zh: self.name_zh.as_str().to_owned(),
            published,
        }
    }
}

fn shown(day: ListedDay) -> AppResult<WorkDay> {
    let name = |text: String| {
        Label::parse(text).map_err(|_| AppError::internal("a stored name of a day is not one"))
    };
    Ok(WorkDay {
        day: Day(day.date),
        kind: match day.kind {
            DayKind::Holiday => WorkDayKind::Holiday,
            DayKind::MakeupWorkday => WorkDayKind::MakeupWorkday,
        },
        name_zh: name(day.title_zh)?,
        name_en: name(day.title_en)?,
    })
}

/// Every year that is held with its days: those that were imported stand in the place of the program's.
fn held(c: &mut DbConn) -> AppResult<BTreeMap<i16, (WorkYear, Vec<ListedDay>)>> {
    let mut years: BTreeMap<i16, (Option<Micros>, Vec<ListedDay>)> = BTreeMap::new();
    for day in super::built_in_days() {
        let year = years.entry(day.date.year()).or_default();
        year.1.push(day);
    }
    let mut imported: BTreeMap<i16, (Option<Micros>, Vec<ListedDay>)> = BTreeMap::new();
    for (day, at) in store::listed(c)? {
        let year = imported.entry(day.date.year()).or_default();
        year.0 = year.0.max(Some(at));
        year.1.push(day);
    }
    years.extend(imported);
    let year = |(year, (imported_at, days)): (i16, (Option<Micros>, Vec<ListedDay>))| {
        let about = WorkYear {
            year: i64::from(year),
            source: match imported_at {
                Some(_) => WorkYearSource::Imported,
                None => WorkYearSource::BuiltIn,
            },
            published: days.iter().any(|day| day.published),
            day_count: i64::try_from(days.len()).unwrap_or(i64::MAX),
            imported_at,
        };
        (year, (about, days))
    };
    Ok(years.into_iter().map(year).collect())
}

/// The years that are held.
pub fn years_held(c: &mut DbConn) -> AppResult<BTreeSet<i16>> {
    Ok(held(c)?.into_keys().collect())
}

fn one(c: &mut DbConn, year: i16) -> AppResult<WorkYearDays> {
    let (about, days) = held(c)?.remove(&year).ok_or_else(AppError::not_found)?;
    let days: AppResult<Vec<WorkDay>> = days.into_iter().map(shown).collect();
    Ok(WorkYearDays {
        year: about.year,
        source: about.source,
        published: about.published,
        imported_at: about.imported_at,
        days: days?,
    })
}

fn path_year(path: &str) -> AppResult<i16> {
    let year: Option<i16> = path.parse().ok().filter(|_| path.len() == 4);
    year.filter(|year| (1900..=2999).contains(year))
        .ok_or_else(AppError::not_found)
}

/// List the years of the calendar
///
/// Those whose working days are known, with the program or imported. Dates of the law that are counted over a year that
/// is not published are provisional.
#[utoipa::path(tag = "calendar", responses((status = 200, description = "The years", body = WorkYearList)))]
#[get("/work-years")]
pub async fn list_work_years(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::WorkDayRead)?;
    let years = app.db.read(held).await?;
    Ok(HttpResponse::Ok().json(WorkYearList {
        items: years.into_values().map(|(about, _)| about).collect(),
        next_cursor: None,
    }))
}

/// Read a year of the calendar
///
/// With every day that differs from Monday to Friday.
#[utoipa::path(tag = "calendar", params(("year" = i64, Path, minimum = 1900, maximum = 2999, description = "The year", example = 2026)),
    responses((status = 200, description = "The year", body = WorkYearDays)))]
#[get("/work-years/{year}")]
pub async fn get_work_year(
    app: web::Data<App>,
    who: Who,
    year: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkDayRead)?;
    let year = path_year(&year)?;
    let found = app.db.read(move |c| one(c, year)).await?;
    Ok(HttpResponse::Ok().json(found))
}

fn put_in_place(
    c: &mut DbConn,
    who: &Who,
    year: i16,
    new: &NewWorkYear,
) -> AppResult<WorkYearDays> {
    meta::one_by_one(c)?;
    let days: Vec<ListedDay> = (new.days.0.iter())
        .map(|day| day.listed(new.published))
        .collect();
    years::check(year, &days, &years_held(c)?).map_err(|fault| AppError::fields(vec![fault]))?;
    super::import::store(c, &days, who.at)?;
    let what = match new.published {
        true => "published",
        false => "statutory_only",
    };
    let which = format!("year_{year}");
    let entry = Entry::new(
        Action::WorkDayWrite,
        "work_year",
        Uid::new(who.at),
        Default::default(),
    );
    let facts = serde_json::json!({ "what": what, "entries": days.len() });
    audit::record(c, who, entry.because(&which).with(&facts))?;
    one(c, year)
}

/// Put a year in its place
///
/// The arrangement of a year as the State Council published it, whole, in the place of what was held of it; dates are
/// counted by it at once. Refused with a pointer: a day that stands twice or is of another year, a working day that is
/// no Saturday or Sunday, a day that is missing within a holiday or of the law's own, and a year between which and those
/// held another one is missing.
#[utoipa::path(tag = "calendar", request_body = NewWorkYear, params(("year" = i64, Path, minimum = 1900, maximum = 2999, description = "The year", example = 2029)),
    responses((status = 200, description = "The year as it is held now", body = WorkYearDays)))]
#[put("/work-years/{year}")]
pub async fn set_work_year(
    app: web::Data<App>,
    who: Who,
    year: web::Path<String>,
    body: Body<NewWorkYear>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkDayWrite)?;
    let (year, new) = (path_year(&year)?, body.value);
    let held = app
        .db
        .write(move |c| put_in_place(c, &who, year, &new))
        .await?;
    super::watch(&app).await?;
    Ok(HttpResponse::Ok().json(held))
}
