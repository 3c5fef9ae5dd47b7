//! Residents (流动人口): people registered, by their own consent, as living away from the
//! place of their household registration; with the episodes of where they lived.
//!
//! Without consent to `registration` nothing is stored. Who sees what: whoever
//! registered or is assigned to a resident sees them in clear, but for the
//! document's number; coordinators of the area see them masked and reveal with
//! a reason; everybody else does not see them at all.

pub mod api;
pub mod care;
pub mod consents;
pub mod departure;
pub mod feed;
pub mod model;
pub mod names;
pub mod register;
pub mod residences;
pub mod store;
pub mod sync;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_resident)
        .service(api::list_residents)
        .service(care::look_up_resident)
        .service(names::search_api::search_residents)
        .service(api::get_resident)
        .service(api::update_resident)
        .service(care::reveal_resident)
        .service(care::assign_resident)
        .service(residences::list_residences)
        .service(residences::create_residence)
        .service(departure::record_departure)
        .service(consents::list_consents)
        .service(consents::create_consent)
        .service(consents::create_refusal)
        .service(consents::withdraw_consent);
}
