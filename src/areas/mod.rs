//! Administrative divisions (行政区划): reference data that every record's place points at.
//!
//! An area has a stable id; codes belong to an edition and may change. The id is
//! derived from the edition and code it first appeared with, so that two
//! installations that imported the same files speak of the same areas.

pub mod api;
pub mod editions_store;
pub mod import;
pub mod model;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_areas).service(api::get_area);
}
