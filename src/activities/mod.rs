//! Activities (活动): what a campaign comes to at a place.
//!
//! Somebody plans one at a member home or at a public place, on a day and at hours, and says who organises
//! it. When it was held, anybody who works there reports it, by REST or later from a phone that was offline:
//! how many came, what was handed out, which media told of it, how many households were informed about
//! insurance. Somebody else confirms the report or returns it. Figures count people and are never about
//! any of them; photos are declared, not stored here.

pub mod api;
pub mod commands;
pub mod figures;
pub mod model;
pub mod rules;
pub mod steps_api;
pub mod store;
pub mod sync;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_activity)
        .service(api::list_activities)
        .service(api::get_activity)
        .service(api::update_activity)
        .service(steps_api::report_activity)
        .service(steps_api::return_activity)
        .service(steps_api::confirm_activity)
        .service(steps_api::cancel_activity);
}
