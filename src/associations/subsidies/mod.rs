//! What is paid a month to those who led an association and retired from it (离任会长补贴).
//!
//! A subsidy belongs to a term that ended with retirement; who held it stands there alone. One runs at a time, from a
//! day until a day.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_retired_subsidy)
        .service(api::list_retired_subsidies)
        .service(api::get_retired_subsidy)
        .service(api::end_retired_subsidy);
}
