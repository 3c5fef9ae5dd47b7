//! Where the money of a care fund comes from. One source is closed: the fee of which it was a share was abolished, and
//! what it gave is kept for history. Nothing comes in of it any more. What was left of it is the fund's money still,
//! and so may be spent, or carried to another source, until nothing is left.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Action, Who};
use crate::db::Day;
use crate::error::AppResult;
use crate::http::page::Cursor;
use crate::text_enum;

text_enum! {
    /// Where money of the fund comes from: the government's budget, a department, a donation; or, closed, a share of
    /// a former fee.
    FundSource {
        Government = "government",
        Department = "department",
        Donation = "donation",
        FormerFeeShare = "social_support_fee_share",
    }
}

/// The law of 20 August 2021 abolished the fee.
const CLOSED_AFTER: jiff::civil::Date = jiff::civil::Date::constant(2021, 8, 20);
const OPENED: jiff::civil::Date = jiff::civil::Date::constant(2011, 1, 1);

/// Of a year's fee the fund had so many hundredths, quarter by quarter.
pub const SHARE_PER_CENT: i64 = 15;
/// The years of which it had them.
pub const SHARE_YEARS: std::ops::RangeInclusive<i64> = 2011..=2021;

impl FundSource {
    pub fn opened_on(self) -> Option<Day> {
        (self == FundSource::FormerFeeShare).then_some(Day(OPENED))
    }
    /// The last day on which something may come in of it.
    pub fn closed_after(self) -> Option<Day> {
        (self == FundSource::FormerFeeShare).then_some(Day(CLOSED_AFTER))
    }
    /// What may be booked of it on a day.
    pub fn takes(self, day: Day) -> Takes {
        if self.opened_on().is_some_and(|first| day < first) {
            return Takes::Nothing;
        }
        match self.closed_after().is_some_and(|last| last < day) {
            true => Takes::WhatIsLeft,
            false => Takes::Everything,
        }
    }
}

/// What may be booked of a source on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Everything,
    /// It is closed: what is left of it is spent or carried elsewhere.
    WhatIsLeft,
    Nothing,
}

/// A source, and until when it is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundSourceTerm {
    pub source: FundSource,
    /// The first day on which something may be booked of it; null where there is none.
    pub opened_on: Option<Day>,
    /// The last day on which something may come in of it. Later entries spend what is left or carry it to another
    /// source, up to what is left (else `overdrawn`); any other is `source_closed`, but for reversals.
    pub closed_after: Option<Day>,
    /// Which part of a year's fee the fund had, in hundredths.
    #[schema(minimum = 1, maximum = 100, example = 15)]
    pub share_per_cent: Option<i64>,
}

/// The sources of a care fund.
#[derive(Debug, Serialize, ToSchema)]
pub struct FundSourceList {
    #[schema(max_items = 10)]
    pub items: Vec<FundSourceTerm>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the sources of funds
///
/// With the days between which something may be booked of each.
#[utoipa::path(tag = "funds", responses((status = 200, description = "The sources", body = FundSourceList)))]
#[get("/fund-sources")]
pub async fn list_fund_sources(who: Who) -> AppResult<HttpResponse> {
    who.may(Action::FundAccountRead)?;
    let term = |source: &FundSource| FundSourceTerm {
        source: *source,
        opened_on: source.opened_on(),
        closed_after: source.closed_after(),
        share_per_cent: source.closed_after().map(|_| SHARE_PER_CENT),
    };
    Ok(HttpResponse::Ok().json(FundSourceList {
        items: FundSource::ALL.iter().map(term).collect(),
        next_cursor: None,
    }))
}
