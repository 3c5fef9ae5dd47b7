//! Festivals over HTTP: reference data for everybody, kept by organisers.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::festivals::{self, FestivalChange, NewFestival};
use super::festivals_store as store;
use super::model::FestivalRow;
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, Tagged, changed, created, found};
use crate::http::text::{FestivalRule, Label, Limit, ShortCode, not_null};
use crate::page_of;
use crate::state::App;

/// First and last day of one year's festival.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FestivalDays {
    pub starts_on: Day,
    pub ends_on: Day,
}

/// A festival with its days of the next two years.
#[derive(Debug, Serialize, ToSchema)]
pub struct Festival {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(value_type = ShortCode)]
    pub code: String,
    #[schema(value_type = Label)]
    pub title_zh: String,
    #[schema(value_type = Label)]
    pub title_en: String,
    #[schema(value_type = FestivalRule)]
    pub rule: String,
    /// Known from the start; its titles and its rule stay.
    #[schema(example = false)]
    pub built_in: bool,
    /// Whether it is in use here. Offered festivals are switched on by an organiser.
    #[schema(example = true)]
    pub enabled: bool,
    /// Those not over yet, in order.
    #[schema(max_items = 10)]
    pub days: Vec<FestivalDays>,
    pub created_at: Micros,
}

impl Tagged for Festival {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// Its days pass, and others come into reach, without a new version.
    fn etag(&self) -> String {
        let first = self.days.first().map(|d| d.starts_on.to_string());
        let last = self.days.last().map(|d| d.starts_on.to_string());
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        format!("\"{}-f-{first}-{last}\"", self.version)
    }
}

page_of! {
    /// A page of festivals.
    FestivalPage of Festival
}

pub(super) type Days = Vec<(Uid, Day, Day)>;

pub(super) fn shown(row: FestivalRow, days: &Days) -> Festival {
    Festival {
        days: days
            .iter()
            .filter(|(id, ..)| *id == row.id)
            .take(10)
            .map(|(_, starts_on, ends_on)| FestivalDays {
                starts_on: *starts_on,
                ends_on: *ends_on,
            })
            .collect(),
        id: row.id,
        version: row.version,
        code: row.code,
        title_zh: row.title_zh,
        title_en: row.title_en,
        rule: row.rule,
        built_in: row.built_in,
        enabled: row.enabled,
        created_at: row.created_at,
    }
}

fn one(c: &mut DbConn, id: Uid, now: Micros) -> AppResult<Festival> {
    let row = store::find(c, id)?.ok_or_else(AppError::not_found)?;
    let days = store::days_of(c, &[id], Day(now.china_day()))?;
    Ok(shown(row, &days))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FestivalQuery {
    /// Only those in use, or only those that are not.
    #[param(value_type = Option<bool>, example = true)]
    enabled: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List festivals
///
/// Members' Day (5.29) and World Population Day (7.11) are always there; others are offered or added.
/// Lunar days are those of the Chinese calendar for Beijing.
#[utoipa::path(tag = "campaigns", params(FestivalQuery), responses((status = 200, description = "A page of festivals", body = FestivalPage)))]
#[get("/festivals")]
pub async fn list_festivals(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<FestivalQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FestivalRead)?;
    let enabled = query.enabled;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_festivals {enabled:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (rows, days) = app
        .db
        .read(move |c| {
            let rows = store::list(c, enabled, page)?;
            let ids: Vec<Uid> = rows.iter().map(|r| r.id).collect();
            let days = store::days_of(c, &ids, Day(who.at.china_day()))?;
            Ok((rows, days))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(shown(r, &days)))?;
    Ok(HttpResponse::Ok().json(FestivalPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a festival
///
/// With its days of the next two years.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The festival's id")),
    responses((status = 200, description = "The festival", body = Festival)))]
#[get("/festivals/{id}")]
pub async fn get_festival(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::FestivalRead)?;
    let id = path_id(id)?;
    let festival = app.db.read(move |c| one(c, id, who.at)).await?;
    Ok(found(&req, &festival))
}

/// A festival of one's own.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FestivalAddition {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    #[schema(example = "migrants-day")]
    code: ShortCode,
    #[schema(example = "流动人口服务日")]
    title_zh: Label,
    #[schema(example = "Day of migrants' services")]
    title_en: Label,
    rule: FestivalRule,
}

/// Add a festival
///
/// By a solar or lunar day, the nth weekday of a month, or a range. Its days of the next two years stand at once.
#[utoipa::path(tag = "campaigns", request_body = FestivalAddition, responses((status = 201, description = "The festival", body = Festival)))]
#[post("/festivals")]
pub async fn create_festival(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<FestivalAddition>,
) -> AppResult<HttpResponse> {
    who.may(Action::FestivalWrite)?;
    let once = key.bind(&app.vault, who.user, "create_festival", &body.raw);
    let new = NewFestival {
        id: body.value.id.unwrap_or_else(|| Uid::new(who.at)),
        code: body.value.code.into_string(),
        title_zh: body.value.title_zh.into_string(),
        title_en: body.value.title_en.into_string(),
        rule: body.value.rule.into_string(),
    };
    let festival = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| festivals::add(c, &who, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            one(c, id, who.at)
        })
        .await?;
    Ok(created("festivals", &festival))
}

/// A change of a festival (JSON Merge Patch).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": true }))]
pub struct FestivalPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    title_zh: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    title_en: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    enabled: Option<bool>,
}

/// Amend a festival
///
/// Switches it on or off, or renames one that was added. Members' Day and World Population Day stay on.
#[utoipa::path(tag = "campaigns", request_body = FestivalPatch, params(("id" = Uid, Path, description = "The festival's id")),
    responses((status = 200, description = "The festival after the change", body = Festival)))]
#[patch("/festivals/{id}")]
pub async fn update_festival(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<FestivalPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::FestivalWrite)?;
    let id = path_id(id)?;
    let change = FestivalChange {
        title_zh: body.value.title_zh.map(Label::into_string),
        title_en: body.value.title_en.map(Label::into_string),
        enabled: body.value.enabled,
    };
    let festival = app
        .db
        .write(move |c| {
            festivals::amend(c, &who, id, version.0, &change)?;
            one(c, id, who.at)
        })
        .await?;
    Ok(changed(&festival))
}
