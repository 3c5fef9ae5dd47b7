//! The year-end assessment (年终考核) of associations, never of people.
//!
//! What a year asks is data (`scheme`): indicators, each a formula over named `sources` of facts. `reckon` counts every
//! source once for a city and all in it, `judge` says how each association came out, and each figure opens down to the
//! rows that it was counted from (`facts`). Beside the figures goes the process among people (`cases`), vetoes, which
//! people decide (`vetoes`), and what is set for a year (`records`). A year that is over is frozen into a signed
//! document (`snapshots`), and printed (`export`).

pub mod above;
pub mod api;
pub mod cases;
pub mod evidence;
pub mod exact;
pub mod export;
pub mod facts;
pub mod judge;
pub mod reckon;
pub mod reckon_store;
pub mod records;
pub mod scheme;
pub mod snapshots;
pub mod sources;
pub mod span;
pub mod vetoes;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(sources::api::list_assessment_sources)
        .service(scheme::api::create_assessment_scheme)
        .service(scheme::api::list_assessment_schemes)
        .service(scheme::api::get_built_in_scheme)
        .service(scheme::api::get_assessment_scheme)
        .service(scheme::api::update_assessment_scheme)
        .service(scheme::api::put_assessment_scheme_in_force)
        .service(api::get_area_assessment)
        .service(api::list_assessment_facts)
        .service(records::api::set_area_profile)
        .service(records::api::get_area_profile)
        .service(records::api::set_responsibility_target)
        .service(records::api::get_responsibility_target)
        .service(records::api::set_assessment_plan)
        .service(records::api::get_assessment_plan)
        .service(vetoes::api::create_assessment_veto)
        .service(vetoes::api::list_assessment_vetoes)
        .service(vetoes::api::get_assessment_veto)
        .service(vetoes::api::appeal_assessment_veto)
        .service(vetoes::api::decide_assessment_veto_appeal)
        .service(cases::api::create_assessment_case)
        .service(cases::api::list_assessment_cases)
        .service(cases::api::get_assessment_case)
        .service(cases::steps_api::set_case_statement)
        .service(cases::steps_api::submit_assessment_case)
        .service(cases::steps_api::review_assessment_case)
        .service(cases::steps_api::object_to_assessment_case)
        .service(cases::steps_api::decide_assessment_case)
        .service(snapshots::api::freeze_assessment)
        .service(snapshots::api::list_assessment_snapshots)
        .service(snapshots::api::get_assessment_snapshot)
        .service(snapshots::verify::verify_assessment_snapshot)
        .service(snapshots::sheets_api::list_snapshot_sheets)
        .service(snapshots::sheets_api::get_snapshot_differences)
        .service(snapshots::sheets_api::list_snapshot_facts)
        .service(export::api::export_area_assessment)
        .service(export::api::export_assessment_snapshot);
}
