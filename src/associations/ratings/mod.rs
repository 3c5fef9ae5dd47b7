//! Ratings of associations by year: advanced (先进), ordinary (一般), backward (后进).
//!
//! A rating is a decision of people, recorded with who decided, when and why; nothing here reckons one. It is made
//! from above: whoever works for the association's own area alone does not rate it. The association may appeal, and
//! somebody else than who recorded the decision decides on that. What follows from being backward, that the unit's work
//! is not put up for awards, is a decision of its own.

pub mod api;
pub mod commands;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_rating)
        .service(api::list_ratings)
        .service(api::get_rating)
        .service(steps_api::appeal_rating)
        .service(steps_api::decide_rating_appeal)
        .service(steps_api::decide_rating_consequence);
}
