//! Member homes (会员之家), visits (走访) and follow-ups (回访).
//!
//! A member home belongs to its whole area: everybody who works there sees it and adds
//! evidence of its five possessions (五有). A visit goes to one home or one household. Its
//! author alone sees the draft; once submitted, a coordinator who is somebody else confirms
//! it or returns it with a reason. What is left to do becomes a follow-up with a due date.
//!
//! Free text is sealed: about a household under the household's own key, so that erasing
//! the household erases what was said there.

pub mod follow_ups;
pub mod follow_ups_api;
pub mod follow_ups_store;
pub mod homes;
pub mod homes_api;
pub mod homes_store;
pub mod homes_view;
pub mod model;
pub mod moves;
pub mod rules;
pub mod sync;
pub mod texts;
pub mod visits_api;
pub mod visits_log;
pub mod visits_store;
pub mod visits_view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(homes_api::list_possession_kinds)
        .service(homes_api::create_member_home)
        .service(homes_api::list_member_homes)
        .service(homes_api::get_member_home)
        .service(homes_api::update_member_home)
        .service(homes_api::set_possession)
        .service(visits_api::create_visit)
        .service(visits_api::list_visits)
        .service(visits_api::get_visit)
        .service(visits_api::update_visit)
        .service(visits_api::submit_visit)
        .service(visits_api::return_visit)
        .service(visits_api::confirm_visit)
        .service(follow_ups_api::list_follow_ups)
        .service(follow_ups_api::get_follow_up)
        .service(follow_ups_api::update_follow_up)
        .service(follow_ups_api::complete_follow_up);
}
