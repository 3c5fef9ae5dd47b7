//! The care fund's ledger (生育关怀基金账): entries of two lines or more that balance, each of one source.
//!
//! An entry is written once. It is refused as a whole where it does not balance, names an account that is none, lies
//! in a year that is closed or in the future, or is of a source that was closed by then. One that was wrong is reversed
//! by an entry that names it, with the same lines on the other sides, once; what was right is then booked anew. Of a
//! source that is closed nothing but such a reversal is still taken.
//!
//! Posting locks the association against its year being closed meanwhile, and nothing else: two clerks of one
//! association do not wait for each other.

pub mod api;
pub mod commands;
mod lowest_store;
pub mod model;
pub mod reports;
pub mod reports_api;
pub mod reports_store;
pub mod rules;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod rules_tests;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_fund_entry)
        .service(api::list_fund_entries)
        .service(api::get_fund_entry)
        .service(api::reverse_fund_entry)
        .service(reports_api::get_trial_balance)
        .service(reports_api::list_fund_balances);
}
