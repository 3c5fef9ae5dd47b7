//! What this service never collects, published; where what it does collect rests, how it moves from key to key and
//! how it is erased; and the people's own rights: the receipt that shows them what is held (`receipts`, `held`, and
//! the page that it opens, `page`), and what they ask about it (`requests`).
//!
//! The list is the same one by which a test reads the schema, the migrations and the OpenAPI document.

pub mod again;
pub mod api;
pub mod erasure;
pub mod held;
pub mod looks;
pub mod moves;
pub mod moves_store;
pub mod never;
pub mod page;
pub mod receipt_public;
pub mod receipts;
pub mod receipts_api;
pub mod receipts_store;
pub mod requests;
pub mod requests_api;
pub mod requests_model;
pub mod requests_store;
pub mod resting;
pub mod subject;
pub mod suppression;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::insurance::companion;

/// Routes that need no token.
pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_never_collected)
        .service(receipt_public::view_by_receipt)
        .service(receipt_public::export_by_receipt)
        .service(receipt_public::withdraw_consent_by_receipt)
        .service(receipt_public::revoke_by_receipt)
        .service(receipt_public::give_consent_by_receipt)
        .service(receipt_public::create_request_by_receipt)
        .service(companion::api::list_claims_by_receipt);
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(receipts_api::create_receipt)
        .service(receipts_api::list_receipts)
        .service(receipts_api::revoke_receipt)
        .service(receipts_api::create_household_person_receipt)
        .service(receipts_api::list_household_person_receipts)
        .service(receipts_api::revoke_household_person_receipt)
        .service(receipts_api::create_member_receipt)
        .service(receipts_api::list_member_receipts)
        .service(receipts_api::revoke_member_receipt)
        .service(requests_api::create_privacy_request)
        .service(requests_api::list_privacy_requests)
        .service(requests_api::get_privacy_request)
        .service(requests_api::accept_privacy_request)
        .service(requests_api::complete_privacy_request)
        .service(requests_api::refuse_privacy_request)
        .service(requests_api::export_privacy_request);
}
