//! Carrying out what was decided (落实), and looking whether it was (监督).
//!
//! What is to be done is owned until a day by a post of the village's association or by a colleague. It is done, or
//! somebody explains why not; what was explained may be done later. Whoever checks says what they found: work that was
//! called done and is not is open again. Nobody checks what they own themselves.

pub mod api;
pub mod checks;
pub mod checks_api;
pub mod checks_store;
pub mod commands;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_implementation)
        .service(api::list_implementations)
        .service(api::get_implementation)
        .service(api::update_implementation)
        .service(steps_api::complete_implementation)
        .service(steps_api::explain_implementation)
        .service(steps_api::cancel_implementation)
        .service(checks_api::create_village_check)
        .service(checks_api::list_village_checks)
        .service(checks_api::get_village_check)
        .service(checks_api::cancel_village_check);
}
