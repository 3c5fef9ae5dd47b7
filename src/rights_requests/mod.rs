//! Rights that people are helped with (权益维护): wages, schooling, housing and the like.
//!
//! Somebody asks; the association refers it to the office whose matter it is, and sees that an answer comes by its
//! day. What was said and answered rests under the person's own key.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_rights_request)
        .service(api::list_rights_requests)
        .service(api::get_rights_request)
        .service(api::refer_rights_request)
        .service(api::answer_rights_request)
        .service(api::withdraw_rights_request);
}
