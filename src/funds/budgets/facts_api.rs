//! What was found of a budget, over HTTP.

use actix_web::{HttpResponse, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::{BudgetFactKind, EvidenceReference};
use super::view::Budget;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{Int, Money, not_null};
use crate::state::App;

/// What was found of a budget. `amount` and `heads` belong to what is paid, and are `not_fitting` elsewhere.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"holds": true, "evidence": "嘉财预〔2026〕1号", "shown_on": "2026-01-15"}))]
pub struct BudgetFactNote {
    /// It is so; false where the paper shows that it is not.
    #[schema(example = true)]
    pub holds: bool,
    /// The paper that shows it.
    pub evidence: EvidenceReference,
    pub shown_on: Day,
    /// In the year.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub amount: Option<Money>,
    /// How many are paid.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 100_000, example = 12)]
    pub heads: Option<Int<0, 100_000>>,
}

/// Note what was found of a budget
///
/// One fact of each kind, with the paper that shows it; takes the place of what was found before.
#[utoipa::path(tag = "funds", request_body = BudgetFactNote,
    params(("id" = Uid, Path, description = "The budget's id"), ("kind" = BudgetFactKind, Path, description = "What was found")),
    responses((status = 200, description = "The budget with the fact", body = Budget)))]
#[put("/budgets/{id}/facts/{kind}")]
pub async fn set_budget_fact(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<BudgetFactNote>,
) -> AppResult<HttpResponse> {
    who.may(Action::BudgetWrite)?;
    let (id, kind) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let kind: BudgetFactKind = kind.parse().map_err(|_| AppError::not_found())?;
    let (caller, note) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::note(c, &caller, id, kind, &note))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
