//! The yearly selection of the best (评选“三个十佳”): at most ten associations, ten members, ten presidents.
//!
//! An association selects for a year and a category. Whoever is nominated agrees or is not published: of a member or a
//! president who agreed is recorded with the day and the channel, and who they are stands in `people` alone, masked.
//! What is published is open to objections for some days; each is answered, and one that is upheld takes its nominee
//! out. Then people decide, and the decision is recorded. Nobody is reckoned, scored or ranked by the program.

pub mod api;
pub mod commands;
pub mod ends;
pub mod model;
pub mod nominations;
pub mod nominations_api;
pub mod objections;
pub mod objections_api;
pub mod objections_store;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_selection)
        .service(api::list_selections)
        .service(api::get_selection)
        .service(steps_api::publish_selection)
        .service(steps_api::decide_selection)
        .service(steps_api::cancel_selection)
        .service(steps_api::print_selection)
        .service(nominations_api::create_nomination)
        .service(nominations_api::list_nominations)
        .service(nominations_api::get_nomination)
        .service(nominations_api::agree_nomination)
        .service(nominations_api::withdraw_nomination)
        .service(objections_api::create_objection)
        .service(objections_api::list_objections)
        .service(objections_api::get_objection)
        .service(objections_api::answer_objection);
}
