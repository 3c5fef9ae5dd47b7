//! Help (帮扶) that associations gave to families in care: money, goods, services, each with what it was worth.
//!
//! Help in money may name the entry of the ledger by which it was paid. The entry says nothing of the family, and stays
//! when what was given to it is gone. Help that was entered by mistake is cancelled.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_care_support)
        .service(api::list_care_supports)
        .service(api::get_care_support)
        .service(api::cancel_care_support);
}
