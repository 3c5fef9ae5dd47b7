//! The chart of accounts over HTTP.

use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::accounts::*;
use super::accounts_store as store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::IdempotencyKey;
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{Tagged, found};
use crate::http::text::{Label, not_null};
use crate::state::App;

/// An account of the chart, which is one for all associations.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundAccount {
    #[schema(value_type = AccountCode)]
    pub code: String,
    pub class: AccountClass,
    /// Of expenses, what they are for.
    pub spent_on: Option<SpentOn>,
    #[schema(value_type = Label, example = "银行存款（专户）")]
    pub title_zh: String,
    #[schema(value_type = Label, example = "Bank, special account")]
    pub title_en: String,
    /// Cash, or money at a bank: no entry makes it less than nothing (`overdrawn`).
    #[schema(example = true)]
    pub holds_cash: bool,
}

impl From<AccountRow> for FundAccount {
    fn from(r: AccountRow) -> FundAccount {
        FundAccount {
            code: r.code,
            class: r.class,
            spent_on: r.spent_on,
            title_zh: r.title_zh,
            title_en: r.title_en,
            holds_cash: r.holds_cash,
        }
    }
}

/// The chart of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundAccountList {
    /// In the order of codes.
    #[schema(max_items = 100)]
    pub items: Vec<FundAccount>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the accounts of funds
///
/// The chart, one for all associations.
#[utoipa::path(tag = "funds", responses((status = 200, description = "The chart", body = FundAccountList)))]
#[get("/fund-accounts")]
pub async fn list_fund_accounts(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::FundAccountRead)?;
    let rows = app.db.read(store::all).await?;
    Ok(HttpResponse::Ok().json(FundAccountList {
        items: rows.into_iter().map(FundAccount::from).collect(),
        next_cursor: None,
    }))
}

/// An account to add to the chart.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "5006", "class": "expense", "spent_on": "activities", "title_zh": "宣传支出", "title_en": "Publicity"}))]
pub struct NewFundAccount {
    code: AccountCode,
    class: AccountClass,
    /// Of an expense, and of nothing else.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    spent_on: Option<SpentOn>,
    title_zh: Label,
    title_en: Label,
    /// Of an asset that is cash, or money at a bank.
    #[serde(default)]
    #[schema(default = false, example = false)]
    holds_cash: bool,
}

/// What knows records by ids knows an account by its code, written as one.
fn id_of(code: &str) -> Uid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(code.bytes()) {
        *to = from;
    }
    Uid(uuid::Uuid::from_bytes(bytes))
}

impl Tagged for FundAccount {
    fn id(&self) -> Uid {
        id_of(&self.code)
    }
    fn version(&self) -> i64 {
        1
    }
}

fn add(c: &mut DbConn, who: &Who, new: &NewFundAccount) -> AppResult<Uid> {
    let fault = match (new.class, new.spent_on) {
        (AccountClass::Expense, None) => Some(Fault::Required),
        (AccountClass::Expense, Some(_)) | (_, None) => None,
        (_, Some(_)) => Some(Fault::NotFitting),
    };
    if let Some(fault) = fault {
        return Err(AppError::field("/spent_on", fault));
    }
    if new.holds_cash && new.class != AccountClass::Asset {
        return Err(AppError::field("/holds_cash", Fault::NotFitting));
    }
    if store::count(c)? >= MOST {
        return Err(AppError::field("/code", Fault::TooMany));
    }
    let row = AccountRow {
        code: new.code.as_str().to_owned(),
        class: new.class,
        spent_on: new.spent_on,
        title_zh: new.title_zh.as_str().to_owned(),
        title_en: new.title_en.as_str().to_owned(),
        holds_cash: new.holds_cash,
        created_by: Some(who.user),
        created_at: who.at,
    };
    store::insert(c, &row)?;
    let facts = serde_json::json!({ "what": "added", "kind": row.class });
    let (action, id) = (Action::FundAccountWrite, id_of(&row.code));
    let entry = Entry::new(action, "fund_account", id, Default::default());
    audit::record(c, who, entry.with(&facts))?;
    Ok(id)
}

fn one(c: &mut DbConn, code: &str) -> AppResult<FundAccount> {
    let row = store::find(c, code)?.ok_or_else(AppError::not_found)?;
    Ok(FundAccount::from(row))
}

/// Add an account of funds
///
/// To the chart of all associations. None is changed or taken away: something may be booked on it.
#[utoipa::path(tag = "funds", request_body = NewFundAccount, responses((status = 201, description = "The account", body = FundAccount)))]
#[post("/fund-accounts")]
pub async fn create_fund_account(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewFundAccount>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundAccountWrite)?;
    let once = key.bind(&app.vault, who.user, "create_fund_account", &body.raw);
    let new = body.value;
    let account = app
        .db
        .write(move |c| {
            once.run(c, who.at, |c| add(c, &who, &new))?;
            one(c, new.code.as_str())
        })
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/fund-accounts/{}", account.code)))
        .insert_header((ETAG, account.etag()))
        .json(account))
}

/// Read an account of funds
///
/// By its code.
#[utoipa::path(tag = "funds", params(("code" = AccountCode, Path, description = "The account's code")),
    responses((status = 200, description = "The account", body = FundAccount)))]
#[get("/fund-accounts/{code}")]
pub async fn get_fund_account(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    code: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundAccountRead)?;
    let account = app.db.read(move |c| one(c, &code)).await?;
    Ok(found(&req, &account))
}
