//! What villages made public (公开): what, where, from when until when, with a photo of it.
//!
//! A posting is of a text, a deliberation, a decision, work or a check of the same village, or of its funds or its
//! services at large. It names nobody.

pub mod api;
pub mod commands;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_village_disclosure)
        .service(api::list_village_disclosures)
        .service(api::get_village_disclosure)
        .service(steps_api::remove_village_disclosure)
        .service(steps_api::cancel_village_disclosure);
}
