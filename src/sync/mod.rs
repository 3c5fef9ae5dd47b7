//! Sync: phones that were offline all day lose nothing.
//!
//! The *feed* (`feed`, numbered by `jobs::sequencer`) says of each record and audience that something happened to
//! it; every write of a record that a phone may hold leaves its row there, in the same transaction. *Pull* walks
//! the feed and gives what REST would show. *Push* does what phones did, by the very commands that REST calls:
//! each operation once, merged field by field; what cannot be done *rests* (`resting`) until a record arrives, a
//! coordinator decides or a conflict is resolved. `kinds` is the registry of what sync does with each kind.

mod amend;
pub mod cursor;
pub mod devices;
pub mod disclosures;
pub mod feed;
mod feed_rows;
pub mod fields;
pub mod health;
pub mod kinds;
pub mod lineage;
pub mod merge;
pub mod missing;
pub mod model;
pub mod operation;
pub mod pull;
pub mod pull_api;
pub mod push;
pub mod push_api;
pub mod receipts;
pub mod reference;
pub mod resting;
pub mod sources;
pub mod store;
pub mod turns;
mod walks;

pub use feed::{Change, Kind, carried, ended, record_change, untold};
pub use feed_rows::together;
pub use fields::touch;

use crate::db::{DbConn, Micros};
use crate::error::AppResult;
use resting::api;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(receipts::get_receipt_keys);
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(push_api::push_changes)
        .service(pull_api::pull_changes)
        .service(receipts::sign_receipt)
        .service(devices::list_sync_devices)
        .service(api::list_sync_conflicts)
        .service(api::get_sync_conflict)
        .service(api::resolve_sync_conflict)
        .service(api::list_held_work)
        .service(api::get_held_work)
        .service(api::list_quarantined_work)
        .service(api::get_quarantined_work)
        .service(api::release_quarantined_work)
        .service(api::decline_quarantined_work);
}

/// How long what became of an operation is remembered, and how long what settled work leaves behind.
const REMEMBERED: i64 = 400 * Micros::DAY;
/// How long it is known whose data came onto whose phone.
const DISCLOSED: i64 = 3 * 366 * Micros::DAY;
/// Phones that were away for longer pull from the start, so nobody asks for older tombstones.
const TOMBSTONES: i64 = 430 * Micros::DAY;
/// Rows of each kind removed in one write.
const AT_ONCE: i64 = 500;

/// Forgets what no phone will ask for, a bounded part at once; true when more may be left.
pub fn forget(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let operations = store::forget_operations(c, now.plus(-REMEMBERED), AT_ONCE)?;
    let settled = resting::store::forget(c, now.plus(-REMEMBERED), AT_ONCE)?;
    let disclosures = store::forget_disclosures(c, now.plus(-DISCLOSED), AT_ONCE)?;
    let tombstones = store::forget_tombstones(c, now.plus(-TOMBSTONES), AT_ONCE)?;
    Ok(operations || settled || disclosures || tombstones)
}
