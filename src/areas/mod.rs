//! Administrative divisions (行政区划): reference data that every record's place points at.
//!
//! An area has a stable id; codes belong to an edition and may change. The id is
//! derived from the edition and code it first appeared with, so that two
//! installations that imported the same files speak of the same areas.
//!
//! The files of an edition come in by `import` and `editions_store`; what becomes of an area between two editions comes
//! as an event with a source (`events`, `events_store`). Records point at the id and keep the code that was entered:
//! where an area went elsewhere or into another they are carried along in chunks (`carry`), and where nobody can tell
//! (a split, an area that is no more) each waits for a person (`decisions`).

pub mod api;
mod bulk_store;
pub mod carry;
pub mod changes_api;
pub mod changes_store;
pub mod codes_store;
pub mod decisions;
pub mod editions_store;
pub mod events;
pub mod events_store;
pub mod history_api;
pub mod import;
pub mod model;
pub mod placed;
pub mod placed_store;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_areas)
        .service(history_api::get_area_history)
        .service(api::get_area)
        .service(history_api::list_area_editions)
        .service(changes_api::list_area_changes)
        .service(changes_api::get_area_change)
        .service(changes_api::list_undecided_records)
        .service(changes_api::decide_area_change);
}
