//! The trial balance and the balances over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reports::{self, Year};
use super::reports_store as store;
use crate::associations::store as associations;
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::funds::accounts::{AccountClass, AccountCode};
use crate::funds::money::SignedMoney;
use crate::funds::sources::FundSource;
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::Cursor;
use crate::state::App;
use crate::statistics::quarter::Quarter;
use crate::statistics::query::refused;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialBalanceQuery {
    /// The last day that counts; today without it.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-12-31")]
    until: Option<Day>,
}

/// An account in the trial balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialBalanceRow {
    #[schema(value_type = AccountCode)]
    pub account: String,
    pub class: AccountClass,
    pub debit: SignedMoney,
    pub credit: SignedMoney,
    /// Debits less credits.
    pub balance: SignedMoney,
}

/// All that was booked in an association's fund up to a day, by account.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialBalance {
    pub association_id: Uid,
    pub until: Day,
    /// Accounts on which something was booked, in the order of codes.
    #[schema(max_items = 100)]
    pub rows: Vec<TrialBalanceRow>,
    pub debit: SignedMoney,
    pub credit: SignedMoney,
    /// Both sides come to the same. Were it ever false, the ledger would be broken.
    #[schema(example = true)]
    pub balanced: bool,
}

/// Read an association's trial balance
///
/// Every account with what was booked on each side up to a day, and whether both sides come to the same.
#[utoipa::path(tag = "funds", params(TrialBalanceQuery, ("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The trial balance", body = TrialBalance)))]
#[get("/associations/{id}/trial-balance")]
pub async fn get_trial_balance(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<TrialBalanceQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundRead)?;
    let id = path_id(id)?;
    let until = query.until.unwrap_or(Day(who.at.china_day()));
    let rows = app
        .db
        .read(move |c| {
            let association = associations::visible(c, &who, Action::FundRead, id)?;
            store::by_account(c, &association, until)
        })
        .await?;
    let (debit, credit) = reports::totals(&rows);
    let total = |sum: i128| i64::try_from(sum).map_err(AppError::internal);
    let row = |row: store::OfAccount| TrialBalanceRow {
        account: row.account,
        class: row.class,
        debit: row.debit.into(),
        credit: row.credit.into(),
        balance: (row.debit - row.credit).into(),
    };
    Ok(HttpResponse::Ok().json(TrialBalance {
        association_id: id,
        until,
        debit: total(debit)?.into(),
        credit: total(credit)?.into(),
        balanced: debit == credit,
        rows: rows.into_iter().map(row).collect(),
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FundBalanceQuery {
    /// This year without it.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// Of this source only.
    #[param(inline, value_type = Option<FundSource>, example = "government")]
    source: Option<FundSource>,
}

/// What was booked in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundQuarter {
    pub quarter: Quarter,
    pub debit: SignedMoney,
    pub credit: SignedMoney,
    /// Debits less credits at its end, with all that was before.
    pub balance: SignedMoney,
}

/// An account of a source through a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundBalance {
    #[schema(value_type = AccountCode)]
    pub account: String,
    pub source: FundSource,
    /// Debits less credits before the year.
    pub opening: SignedMoney,
    #[schema(min_items = 4, max_items = 4)]
    pub quarters: Vec<FundQuarter>,
}

/// An association's fund by account, quarter and source.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundBalanceList {
    /// Accounts and sources of which something was booked up to the year's end.
    #[schema(max_items = 400)]
    pub items: Vec<FundBalance>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// The quarters of the year that a day is in.
pub(crate) fn quarters(first: Day) -> AppResult<[Quarter; 4]> {
    let day = |month| jiff::civil::Date::new(first.0.year(), month, 1).map_err(AppError::internal);
    Ok([
        Quarter::of(day(1)?),
        Quarter::of(day(4)?),
        Quarter::of(day(7)?),
        Quarter::of(day(10)?),
    ])
}

/// The first and the last day of the year that was asked for, or of this one.
pub(crate) fn this_year(asked: Option<&str>, today: jiff::civil::Date) -> AppResult<(Day, Day)> {
    let this = format!("{:04}", today.year());
    year(Some(asked.unwrap_or(&this)))?.ok_or_else(|| refused("/year", Fault::Required))
}

/// List an association's balances
///
/// By account and source, quarter by quarter of a year.
#[utoipa::path(tag = "funds", params(FundBalanceQuery, ("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The balances", body = FundBalanceList)))]
#[get("/associations/{id}/fund-balances")]
pub async fn list_fund_balances(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<FundBalanceQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundRead)?;
    let id = path_id(id)?;
    let (first, last) = this_year(query.year.as_deref(), who.at.china_day())?;
    let rows = app
        .db
        .read(move |c| {
            let association = associations::visible(c, &who, Action::FundRead, id)?;
            store::by_month(c, &association, first, last)
        })
        .await?;
    let named = quarters(first)?;
    let show = |((account, source), year): ((String, FundSource), Year)| {
        let quarter = |(n, quarter): (usize, &Quarter)| {
            let (debit, credit) = year.quarters.get(n).copied().unwrap_or_default();
            FundQuarter {
                quarter: *quarter,
                debit: debit.into(),
                credit: credit.into(),
                balance: year.closing(n).into(),
            }
        };
        FundBalance {
            account,
            source,
            opening: year.opening.into(),
            quarters: named.iter().enumerate().map(quarter).collect(),
        }
    };
    let years = reports::years(&rows).into_iter();
    let wanted = |((_, source), _): &((String, FundSource), Year)| {
        query.source.is_none_or(|only| only == *source)
    };
    Ok(HttpResponse::Ok().json(FundBalanceList {
        items: years.filter(wanted).map(show).collect(),
        next_cursor: None,
    }))
}
