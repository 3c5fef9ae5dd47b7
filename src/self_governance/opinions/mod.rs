//! What was voiced in a village (反映意见), and what was answered.
//!
//! Opinions of a visit stand with the visit, in [`crate::concerns`]. These are of nobody: voiced in a deliberation, in a
//! box, at a notice board. No person, no household and no visit stands in them, so that no row leads to whoever said
//! it; what was said is coded first, and its words are sealed. Each is answered, or referred to the body whose matter
//! it is, ten working days after it was voiced.

pub mod api;
pub mod commands;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_village_opinion)
        .service(api::list_village_opinions)
        .service(api::get_village_opinion)
        .service(steps_api::refer_village_opinion)
        .service(steps_api::answer_village_opinion);
}
