//! Funds of associations: what is budgeted for them each year, what villages ask for and are given, and the ledger of
//! the care fund (生育关怀基金).
//!
//! Money is whole fen and a share is two such numbers; what is rounded is a figure to look at and nothing is decided
//! by it. Everything here is of an association and a year. A year that is frozen (`years`) takes nothing any more: not
//! an entry, not a change of a budget.
//!
//! The ledger is double entry and append-only: an entry that was wrong is reversed by another that names it. An entry
//! says by which accounts, of which source, on which day and by which voucher. It has no free text, so that nobody's
//! name can come to stand where nothing is ever removed.

pub mod accounts;
pub mod accounts_api;
pub mod accounts_store;
pub mod budgets;
pub mod fee_years;
pub mod fee_years_store;
pub mod ledger;
pub mod money;
pub mod needs;
pub mod needs_api;
pub mod needs_store;
pub mod shares;
pub mod sources;
pub mod statistics;
pub mod statistics_api;
pub mod statistics_store;
pub mod years;
pub mod years_store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::associations::model::AssociationRow;
use crate::associations::store as associations;
use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(sources::list_fund_sources)
        .service(accounts_api::list_fund_accounts)
        .service(accounts_api::create_fund_account)
        .service(accounts_api::get_fund_account)
        .service(fee_years::list_fee_years)
        .service(fee_years::set_fee_year)
        .service(needs_api::create_village_need)
        .service(needs_api::list_village_needs)
        .service(needs_api::get_village_need)
        .service(needs_api::answer_village_need)
        .service(statistics_api::get_fund_statistics)
        .configure(ledger::routes)
        .configure(budgets::routes);
}

/// A row stands where its association stands, and everybody who may read it there reads all of them.
#[macro_export]
macro_rules! stands_with_its_association {
    ($row:ty) => {
        impl $crate::auth::Placed for $row {
            fn place(&self) -> $crate::auth::Place {
                $crate::auth::Place {
                    county: self.county,
                    town: self.town,
                    village: self.village,
                }
            }
            /// A municipal association is of an area wider than a county.
            fn area(&self) -> Option<$crate::db::Uid> {
                Some(self.area_id)
            }
        }
    };
}

/// The association that a body names, locked, if the caller may do this to it: it is living.
pub fn association_of(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<AssociationRow>> {
    let found = associations::locked(c, who, action, id);
    let association = found.map_err(unknown_association)?;
    crate::associations::commands::living(&association)?;
    Ok(association)
}

/// In a body an association that the caller may not see is a field at fault.
pub fn unknown_association(e: AppError) -> AppError {
    match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    }
}
