//! What associations did in a year: deployed, inspected, assessed and commended work, trained members, held "two for
//! two" (两为两争) activities, told the public of their work.
//!
//! Each is an act on a day, with the figures that its kind has and no others; people are counted and never named. One
//! that was entered by mistake is cancelled with a reason, and stays readable.

pub mod api;
pub mod commands;
pub mod model;
pub mod rules;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_association_work)
        .service(api::list_association_works)
        .service(api::get_association_work)
        .service(api::update_association_work)
        .service(api::cancel_association_work);
}
