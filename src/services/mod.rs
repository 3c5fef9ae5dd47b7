//! Services (服务): the free services that residents have like everybody else, offered, accepted or declined,
//! delivered or referred to a provider.
//!
//! A health service stands at a person as `health` and nothing more, so that nobody's illness or family can
//! be read from a list of services. Which of the six it was goes into a tally that knows no person
//! ([`tally`]), and from there, in whole finished quarters and with small counts hidden, into statistics.

pub mod api;
pub mod bodies;
pub mod catalogue;
pub mod feed;
pub mod household_tally;
pub mod machine;
pub mod model;
pub mod reach;
pub mod reach_api;
pub mod statistics;
pub mod statistics_api;
pub mod steps;
pub mod steps_api;
pub mod store;
pub mod sync;
pub mod tally;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(catalogue::list_service_kinds)
        .service(api::create_service)
        .service(api::list_resident_services)
        .service(api::list_services)
        .service(api::get_service)
        .service(steps_api::accept_service)
        .service(steps_api::decline_service)
        .service(steps_api::refer_service)
        .service(steps_api::deliver_service)
        .service(steps_api::set_service_follow_up)
        .service(statistics_api::get_service_statistics)
        .service(reach_api::get_service_reach);
}
