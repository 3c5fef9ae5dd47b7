//! Dedicated studies (专题研究) of party committees and governments, field investigations (专题调研) of the main leader,
//! and the problems they raised.
//!
//! A problem is an action item: a post of an association owns it until a day, and it is closed with what was done, or
//! explained with the reason why not. What was found and done are words of the office, sealed at rest; they name
//! nobody.

pub mod api;
pub mod commands;
pub mod items_api;
pub mod model;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_study)
        .service(api::list_studies)
        .service(api::get_study)
        .service(api::update_study)
        .service(items_api::create_study_problem)
        .service(items_api::list_action_items)
        .service(items_api::get_action_item)
        .service(items_api::update_action_item)
        .service(items_api::close_action_item)
        .service(items_api::explain_action_item);
}
