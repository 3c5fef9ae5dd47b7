//! Charters (章程), village agreements (村规民约) and contracts (合同), edition by edition.
//!
//! A village has one charter and one agreement in force: a new edition ends the one before on the day it is adopted.
//! Contracts stand side by side, each with its own editions. What is adopted is filed with the township (备案), which
//! may find it unlawful. No clause is stored, only that there is such a paper and a photo of it: what a village may
//! not agree upon can then not be stored either.

pub mod api;
pub mod commands;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_village_text)
        .service(api::list_village_texts)
        .service(api::get_village_text)
        .service(api::update_village_text)
        .service(steps_api::file_village_text)
        .service(steps_api::repeal_village_text);
}
