//! Deliberations (议事): announced, held, and what was decided; and in which ways people took part before, during and
//! after.
//!
//! A deliberation is held under the charter that was in force when it was announced; the one about the charter itself
//! may be the first. Whoever takes part is counted and never named, and a vote is three numbers. What was decided is
//! decided on the day it was held.

pub mod api;
pub mod chain_api;
pub mod commands;
pub mod decisions;
pub mod decisions_api;
pub mod decisions_store;
pub mod model;
pub mod rules;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_deliberation)
        .service(api::list_deliberations)
        .service(api::get_deliberation)
        .service(api::update_deliberation)
        .service(steps_api::hold_deliberation)
        .service(steps_api::cancel_deliberation)
        .service(chain_api::get_deliberation_chain)
        .service(decisions_api::create_village_decision)
        .service(decisions_api::list_village_decisions)
        .service(decisions_api::get_village_decision)
        .service(decisions_api::cancel_village_decision);
}
