//! The closed source through its years: of what came in of the fee in a year the fund had 15 in a hundred, allocated
//! quarter by quarter. Kept for history; nothing is added to it but what was missed.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::fee_years_store::{self as store, Allocated, FeeYearRow};
use super::money::SignedMoney;
use super::shares::{ExactShare, Share};
use super::sources::{SHARE_PER_CENT, SHARE_YEARS};
use super::years;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{Tagged, changed};
use crate::http::text::Money;
use crate::state::App;
use crate::statistics::quarter::Quarter;

/// What was booked of the closed source in a quarter.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeQuarter {
    pub quarter: Quarter,
    pub allocated: SignedMoney,
}

/// A year of the closed source.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeYear {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(minimum = 2011, maximum = 2021, example = 2018)]
    pub year: i64,
    /// What came in of the fee.
    pub total: Money,
    /// The hundredths of it that the fund was due: exactly `total` times this, divided by 100.
    #[schema(minimum = 15, maximum = 15, example = 15)]
    pub due_per_cent: i64,
    /// The same, rounded to whole fen.
    pub due: Money,
    /// What was booked as income, by quarter.
    #[schema(min_items = 4, max_items = 4)]
    pub quarters: Vec<FeeQuarter>,
    /// All of it, of what came in.
    pub share: ExactShare,
    /// What was booked is at least what was due.
    #[schema(example = true)]
    pub met: Option<bool>,
}

/// The years of the closed source.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeYearList {
    /// In their order.
    #[schema(max_items = 11)]
    pub items: Vec<FeeYear>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

impl Tagged for FeeYear {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// What the fund was due of a year, to the nearest fen.
fn due(total: i64) -> i64 {
    let exact = i128::from(total) * i128::from(SHARE_PER_CENT);
    i64::try_from((exact * 2 + 100) / 200).unwrap_or(i64::MAX)
}

fn show(row: &FeeYearRow, allocated: &[Allocated]) -> AppResult<FeeYear> {
    let mut sums = [0i64; 4];
    for one in allocated {
        let (year, month) = one.month.split_once('-').unwrap_or_default();
        let quarter = month.parse::<usize>().ok().map(|m| m.saturating_sub(1) / 3);
        let of = quarter.and_then(|q| sums.get_mut(q));
        if let (Some(sum), true) = (of, year.parse() == Ok(row.year)) {
            *sum += one.sum;
        }
    }
    let first = i16::try_from(row.year).map_err(AppError::internal)?;
    let first = jiff::civil::Date::new(first, 1, 1).map_err(AppError::internal)?;
    let named = super::ledger::reports_api::quarters(Day(first))?;
    let share = Share {
        part: sums.iter().sum(),
        whole: row.total.0,
    };
    Ok(FeeYear {
        id: row.id,
        version: row.version,
        year: row.year,
        total: Money(row.total),
        due_per_cent: SHARE_PER_CENT,
        due: Money(crate::db::Fen(due(row.total.0))),
        quarters: named
            .into_iter()
            .zip(sums)
            .map(|(quarter, sum)| FeeQuarter {
                quarter,
                allocated: sum.into(),
            })
            .collect(),
        share: share.into(),
        met: share.at_least(SHARE_PER_CENT),
    })
}

/// List the years of the closed source
///
/// What came in of the former fee, what the fund was due of it, and what was allocated quarter by quarter.
#[utoipa::path(tag = "funds", params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The years", body = FeeYearList)))]
#[get("/associations/{id}/fee-years")]
pub async fn list_fee_years(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundRead)?;
    let id = path_id(id)?;
    let (rows, allocated) = app
        .db
        .read(move |c| {
            let association = associations::visible(c, &who, Action::FundRead, id)?;
            Ok((
                store::of(c, &association)?,
                store::allocated(c, &association)?,
            ))
        })
        .await?;
    let items: AppResult<Vec<FeeYear>> = rows.iter().map(|row| show(row, &allocated)).collect();
    Ok(HttpResponse::Ok().json(FeeYearList {
        items: items?,
        next_cursor: None,
    }))
}

/// What came in of the former fee in a year.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"total": {"amount": "1200000.00", "currency": "CNY"}}))]
pub struct FeeTotal {
    pub total: Money,
}

fn set(c: &mut DbConn, who: &Who, id: Uid, year: i64, given: &FeeTotal) -> AppResult<FeeYear> {
    let association = associations::locked(c, who, Action::FundWrite, id)?;
    years::refuse_frozen(c, association.id, year, "/total")?;
    let known = store::of(c, &association)?;
    match known.iter().find(|row| row.year == year) {
        Some(row) if row.total == given.total.0 => {}
        Some(row) => store::change(c, &association, row, given.total.0, who.at)?,
        None => {
            let row = FeeYearRow {
                id: Uid::new(who.at),
                version: 1,
                association_id: association.id,
                year,
                total: given.total.0,
                registered_by: who.user,
                created_at: who.at,
                updated_at: who.at,
            };
            store::insert(c, &association, &row)?;
        }
    }
    let rows = store::of(c, &association)?;
    let row = rows.iter().find(|row| row.year == year);
    let row = row.ok_or_else(|| AppError::internal("a year that was just stored is not there"))?;
    let place = association.place();
    let entry = Entry::new(Action::FundWrite, "fund_fee_year", row.id, place);
    let facts = serde_json::json!({ "what": "fee_total" });
    audit::record(c, who, entry.of(Some(association.area_id)).with(&facts))?;
    show(row, &store::allocated(c, &association)?)
}

/// Note what came in of the former fee in a year
///
/// From 2011 to 2021; other years have none. It is kept for history, beside what was booked of it.
#[utoipa::path(tag = "funds", request_body = FeeTotal,
    params(("id" = Uid, Path, description = "The association's id"), ("year" = String, Path, description = "The year", min_length = 4, max_length = 4, pattern = "^20(1[1-9]|2[01])$", example = "2018")),
    responses((status = 200, description = "The year", body = FeeYear)))]
#[put("/associations/{id}/fee-years/{year}")]
pub async fn set_fee_year(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<FeeTotal>,
) -> AppResult<HttpResponse> {
    who.may(Action::FundWrite)?;
    let (id, year) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let year: Option<i64> = year.parse().ok().filter(|year| SHARE_YEARS.contains(year));
    let year = year.ok_or_else(AppError::not_found)?;
    let given = body.value;
    let shown = app
        .db
        .write(move |c| set(c, &who, id, year, &given))
        .await?;
    Ok(changed(&shown))
}

#[cfg(test)]
mod tests {
    use super::due;

    #[test]
    fn fifteen_in_a_hundred_to_the_nearest_fen() {
        for (total, part) in [
            (0, 0),
            (100, 15),
            (3, 0),
            (4, 1),
            (7, 1),
            (120_000_000, 18_000_000),
        ] {
            assert_eq!(due(total), part, "{total}");
        }
    }
}
