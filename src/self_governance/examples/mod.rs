//! Members who take the lead (骨干带头), as a fact of the village: how many of them in what matter, or what is said of
//! them together. No names and no marks; who it was is in nobody's records.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_leading_example)
        .service(api::list_leading_examples)
        .service(api::get_leading_example)
        .service(api::cancel_leading_example);
}
