//! What villages ask for, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::needs::{self, NeedRow, NeedState, VillageNeedKind};
use super::needs_store::{self as store, Filter};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{Limit, Money, not_null};
use crate::page_of;
use crate::state::App;

/// What a village's association asks for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "need": "activities", "asked": {"amount": "3000.00", "currency": "CNY"}, "asked_on": "2026-02-10"}))]
pub struct NewVillageNeed {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// One of a village, else `not_fitting`.
    pub association_id: Uid,
    pub need: VillageNeedKind,
    /// More than nothing.
    pub asked: Money,
    pub asked_on: Day,
}

/// What a village asked for, and what it was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageNeed {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub need: VillageNeedKind,
    pub state: NeedState,
    pub asked: Money,
    pub asked_on: Day,
    pub met: Option<Money>,
    pub answered_on: Option<Day>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of what villages asked for.
    VillageNeedPage of VillageNeed
}

impl Tagged for VillageNeed {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<NeedRow> for VillageNeed {
    fn from(r: NeedRow) -> VillageNeed {
        VillageNeed {
            state: r.state(),
            id: r.id,
            version: r.version,
            association_id: r.association_id,
            need: r.need,
            asked: Money(r.asked),
            asked_on: r.asked_on,
            met: r.met.map(Money),
            answered_on: r.answered_on,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageNeed> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::BudgetRead, id)?.into_row()))
        .await?;
    Ok(VillageNeed::from(row))
}

/// Note what a village asks for
///
/// Funds that its association needs in a year.
#[utoipa::path(tag = "funds", request_body = NewVillageNeed, responses((status = 201, description = "The need", body = VillageNeed)))]
#[post("/village-needs")]
pub async fn create_village_need(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVillageNeed>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetWrite)?;
    let once = key.bind(&app.vault, who.user, "create_village_need", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| needs::ask(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("village-needs", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageNeedQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Answered, or not yet.
    #[param(value_type = Option<bool>, example = false)]
    answered: Option<bool>,
    /// Asked in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List what villages asked for
///
/// Those of the caller's areas. Newest first.
#[utoipa::path(tag = "funds", params(VillageNeedQuery), responses((status = 200, description = "A page of needs", body = VillageNeedPage)))]
#[get("/village-needs")]
pub async fn list_village_needs(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageNeedQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetRead)?;
    let filter = Filter {
        association: query.association_id,
        answered: query.answered,
        asked: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_village_needs {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::BudgetRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(VillageNeed::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(VillageNeedPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read what a village asked for
///
/// And what it was given.
#[utoipa::path(tag = "funds", params(("id" = Uid, Path, description = "The need's id")),
    responses((status = 200, description = "The need", body = VillageNeed)))]
#[get("/village-needs/{id}")]
pub async fn get_village_need(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// What a village was given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"met": {"amount": "2500.00", "currency": "CNY"}, "answered_on": "2026-03-01"}))]
pub struct NeedAnswer {
    /// At most what was asked; it may be nothing.
    pub met: Money,
    pub answered_on: Day,
}

/// Answer what a village asked for
///
/// With what it was given, once.
#[utoipa::path(tag = "funds", request_body = NeedAnswer, params(("id" = Uid, Path, description = "The need's id")),
    responses((status = 200, description = "The need with its answer", body = VillageNeed)))]
#[post("/village-needs/{id}/answer")]
pub async fn answer_village_need(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NeedAnswer>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| needs::answer(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
