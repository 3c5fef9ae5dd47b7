//! Budgets over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::EvidenceReference;
use super::store::{self, Filter};
use super::view::{Budget, BudgetPage};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::funds::years::year_of;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Int, Limit, Money, not_null};
use crate::state::App;

/// The budget of an association for a year.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "year": 2026, "activity_funds": {"amount": "450000.00", "currency": "CNY"},
    "family_planning_funds": {"amount": "5000000.00", "currency": "CNY"}, "approved_on": "2026-01-15", "evidence": "嘉财预〔2026〕1号"}))]
pub struct NewBudget {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2026)]
    pub year: Int<1990, 2999>,
    /// A part of the family-planning funds, and no more than all of them.
    pub activity_funds: Money,
    /// Of the same level: the whole of which the activity funds are a share.
    pub family_planning_funds: Money,
    pub approved_on: Day,
    /// The paper by which it was approved.
    pub evidence: EvidenceReference,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Budget> {
    let who = who.clone();
    let whole = app
        .db
        .read(move |c| {
            let budget = store::visible(c, &who, Action::BudgetRead, id)?;
            store::whole(c, budget)
        })
        .await?;
    Ok(Budget::from(whole))
}

/// Record a budget
///
/// Of an association for a year, once (else `budget_exists`).
#[utoipa::path(tag = "funds", request_body = NewBudget, responses((status = 201, description = "The budget", body = Budget)))]
#[post("/budgets")]
pub async fn create_budget(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewBudget>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetWrite)?;
    let once = key.bind(&app.vault, who.user, "create_budget", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::record(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("budgets", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BudgetQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// For this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List budgets
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "funds", params(BudgetQuery), responses((status = 200, description = "A page of budgets", body = BudgetPage)))]
#[get("/budgets")]
pub async fn list_budgets(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<BudgetQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetRead)?;
    let filter = Filter {
        association: query.association_id,
        year: year(query.year.as_deref())?.map(|(first, _)| year_of(first)),
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_budgets {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::BudgetRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |whole| Ok(Budget::from(whole));
    let (items, next) = bound.finish(page, rows, |r| r.budget.id, shown)?;
    Ok(HttpResponse::Ok().json(BudgetPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a budget
///
/// With its share, and what was found of it.
#[utoipa::path(tag = "funds", params(("id" = Uid, Path, description = "The budget's id")),
    responses((status = 200, description = "The budget", body = Budget)))]
#[get("/budgets/{id}")]
pub async fn get_budget(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a budget (JSON Merge Patch): absent members stay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"activity_funds": {"amount": "480000.00", "currency": "CNY"}}))]
pub struct BudgetPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub activity_funds: Option<Money>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub family_planning_funds: Option<Money>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub approved_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub evidence: Option<EvidenceReference>,
}

impl BudgetPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("activity_funds", self.activity_funds.is_some()),
            (
                "family_planning_funds",
                self.family_planning_funds.is_some(),
            ),
            ("approved_on", self.approved_on.is_some()),
            ("evidence", self.evidence.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a budget
///
/// JSON Merge Patch with `If-Match`, until its year is closed (`year_frozen`).
#[utoipa::path(tag = "funds", request_body = BudgetPatch, params(("id" = Uid, Path, description = "The budget's id")),
    responses((status = 200, description = "The budget after the change", body = Budget)))]
#[patch("/budgets/{id}")]
pub async fn update_budget(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<BudgetPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
