//! The ledger over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::rules::Booked;
use super::store::{self, Filter};
use super::view::{FundEntry, FundEntryPage};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::funds::accounts::AccountCode;
use crate::funds::sources::FundSource;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{Limit, Money, UpTo, not_null};
use crate::state::App;

/// A line to book.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account": "1002", "side": "debit", "amount": {"amount": "50000.00", "currency": "CNY"}}))]
pub struct NewFundLine {
    /// Of the chart, else `unknown_account`.
    pub account: AccountCode,
    pub side: EntrySide,
    /// More than nothing.
    pub amount: Money,
}

impl NewFundLine {
    pub(super) fn booked(&self) -> Booked {
        Booked {
            side: self.side,
            fen: self.amount.0.0,
        }
    }
}

/// An entry to book: two lines or more whose sides come to the same.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "source": "government", "booked_on": "2026-03-12", "voucher": "记-2026-0312",
    "lines": [{"account": "1002", "side": "debit", "amount": {"amount": "50000.00", "currency": "CNY"}},
        {"account": "4001", "side": "credit", "amount": {"amount": "50000.00", "currency": "CNY"}}]}))]
pub struct NewFundEntry {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    pub source: FundSource,
    pub booked_on: Day,
    pub voucher: VoucherNumber,
    #[schema(value_type = Vec<NewFundLine>, min_items = 2, max_items = 40)]
    pub lines: UpTo<40, NewFundLine>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<FundEntry> {
    let who = who.clone();
    let whole = app
        .db
        .read(move |c| {
            let entry = store::visible(c, &who, Action::FundRead, id)?;
            store::whole(c, entry)
        })
        .await?;
    Ok(FundEntry::from(whole))
}

/// Book an entry
///
/// All of it or nothing. Refused where it does not balance (`unbalanced`), has an account on both sides
/// (`not_fitting`), lies in a year that is closed or before one (`year_frozen`), brings money of a source that was
/// closed by then (`source_closed`), takes more cash than there is (`overdrawn`), or has a voucher that was booked
/// (`voucher_taken`). It is never changed afterwards; reverse it instead.
#[utoipa::path(tag = "funds", request_body = NewFundEntry, responses((status = 201, description = "The entry", body = FundEntry)))]
#[post("/fund-entries")]
pub async fn create_fund_entry(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewFundEntry>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundWrite)?;
    let once = key.bind(&app.vault, who.user, "create_fund_entry", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let (made, booked) = app
        .db
        .write(move |c| {
            // What was written is what there is to show: nobody changes it.
            let mut booked = None;
            let made = once.run(c, caller.at, |c| {
                let whole = commands::post(c, &caller, &new)?;
                let id = whole.entry.id;
                booked = Some(whole);
                Ok(id)
            })?;
            Ok((made, booked))
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let entry = match booked {
        Some(whole) => FundEntry::from(whole),
        None => read(&app, &who, id).await?,
    };
    Ok(created("fund-entries", &entry))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FundEntryQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this source only.
    #[param(inline, value_type = Option<FundSource>, example = "government")]
    source: Option<FundSource>,
    /// Booked in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List entries
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "funds", params(FundEntryQuery), responses((status = 200, description = "A page of entries", body = FundEntryPage)))]
#[get("/fund-entries")]
pub async fn list_fund_entries(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<FundEntryQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundRead)?;
    let filter = Filter {
        association: query.association_id,
        source: query.source,
        booked: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_fund_entries {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::FundRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |whole| Ok(FundEntry::from(whole));
    let (items, next) = bound.finish(page, rows, |r| r.entry.id, shown)?;
    Ok(HttpResponse::Ok().json(FundEntryPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an entry
///
/// With its lines, and the entry that reverses it, if one does.
#[utoipa::path(tag = "funds", params(("id" = Uid, Path, description = "The entry's id")),
    responses((status = 200, description = "The entry", body = FundEntry)))]
#[get("/fund-entries/{id}")]
pub async fn get_fund_entry(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// How an entry is reversed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"booked_on": "2026-04-02", "voucher": "冲-2026-0402"}))]
pub struct Reversal {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// Not before the entry was booked.
    pub booked_on: Day,
    /// One of its own.
    pub voucher: VoucherNumber,
}

/// Reverse an entry
///
/// By another that names it, with the same lines on the other sides, of the same source. Once (`state_forbids`, state
/// `reversed`), and no reversal is reversed (state `reversal`): book anew what was right.
#[utoipa::path(tag = "funds", request_body = Reversal, params(("id" = Uid, Path, description = "The entry's id")),
    responses((status = 201, description = "The entry that reverses it", body = FundEntry)))]
#[post("/fund-entries/{id}/reversal")]
pub async fn reverse_fund_entry(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reversal>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundWrite)?;
    let (id, given) = (path_id(id)?, body.value);
    let whole = app
        .db
        .write(move |c| commands::reverse(c, &who, id, &given))
        .await?;
    Ok(created("fund-entries", &FundEntry::from(whole)))
}
