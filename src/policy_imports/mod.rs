//! Policies from an insurer's sheet (保单导入): read, checked cell by cell, and imported all at once or not at all.
//!
//! An association insures thousands of families at a time, and what comes back from the insurer is a spreadsheet. It is
//! somebody's typing: numbers that lost their digits, days in five forms, people known under another name. So a sheet
//! is checked first, and each fault is told by row, column and word. Somebody then confirms what is good, and all of
//! it becomes records at once, by the same rules as a policy that is recorded by hand (`insurance::rules`).
//!
//! Nothing is imported by silence: who is insured agrees to that themselves, by a consent that is known or by one that
//! the row tells of: when, to which text, how, and by whom. The sheet says of each insured whether they agreed to the
//! sum, where death is covered.
//!
//! The file never rests. Its rows do, each sealed under a key of the import's own, which goes with the import's end.

pub mod api;
mod cells;
mod check;
mod columns;
mod covers;
mod faults;
pub mod job;
mod known;
mod members;
mod model;
mod row;
mod stage;
mod stage_store;
mod store;
mod tell;
pub mod template;
mod upload;
mod view;
mod words;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{DbConn, Micros};
use crate::error::AppResult;

/// How long it is told how an import ended; the audit knows for as long as it is kept.
const TOLD: i64 = 400 * Micros::DAY;

/// Forgets imports that ended long ago; true when more may be left.
pub fn forget(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    store::forget_ended(c, now.plus(-TOLD), 100)
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_policy_import)
        .service(api::list_policy_imports)
        .service(template::get_policy_import_template)
        .service(api::get_policy_import)
        .service(faults::list_policy_import_faults)
        .service(api::confirm_policy_import)
        .service(api::cancel_policy_import);
}
