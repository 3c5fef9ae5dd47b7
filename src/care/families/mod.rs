//! The families that are cared for, and their contacts' visits.
//!
//! A family is a household of which somebody agrees to `care_support`. What stands about it is since when, and for a
//! special family its two contacts, family doctor and green channel; never why. Of its people those are shown who
//! agree, masked.

pub mod api;
pub mod commands;
pub mod model;
pub mod patch_api;
pub mod provisions_store;
pub mod steps_api;
pub mod store;
pub mod view;
pub mod visits;
pub mod visits_api;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_care_family)
        .service(api::list_care_families)
        .service(api::get_care_family)
        .service(patch_api::update_care_family)
        .service(steps_api::look_up_care_family)
        .service(steps_api::reveal_care_family)
        .service(steps_api::end_care_family)
        .service(visits_api::create_care_visit)
        .service(visits_api::list_care_visits);
}
