//! Insurance (保险): products, policies of households, and help with claims.
//!
//! Voluntary, and nobody here earns by it. A policy names its insured people, each by their own
//! consent; its product rests sealed, because a cover may say what befell a family. A claim goes
//! from the report to its end by the steps of one table (`machine`): the insurer decides, and what
//! is recorded is its dated decision. The days that the law gives it are counted in `clocks`; to see
//! them and to remind is what an association can do. The family follows it all in `companion`, by
//! the code of its own receipt.

pub mod assignment;
pub mod catalogue;
pub mod claim_events;
pub mod claim_export;
pub mod claim_rows;
pub mod claim_store;
pub mod claim_view;
pub mod claims;
pub mod clock_view;
pub mod clocks;
pub mod companion;
pub mod ends;
pub mod facts;
pub mod kept;
pub mod kept_store;
mod limitation;
pub mod machine;
pub mod model;
pub mod notes;
pub mod notes_api;
pub mod papers;
pub mod policies;
pub mod policy_view;
pub mod products;
pub mod rules;
pub mod statistics;
pub mod statistics_api;
pub mod statistics_store;
pub mod step_api;
pub mod step_bodies;
pub mod steps;
pub mod store;
pub mod sync;
pub mod workdays;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(products::create_insurance_product)
        .service(products::list_insurance_products)
        .service(products::get_insurance_product)
        .service(policies::create_policy)
        .service(policies::list_policies)
        .service(policies::get_policy)
        .service(claim_export::export_claims)
        .service(claims::create_claim)
        .service(claims::list_claims)
        .service(claims::get_claim)
        .service(claims::update_claim)
        .service(claim_events::list_claim_events)
        .service(papers::list_claim_documents)
        .service(papers::receive_claim_document)
        .service(statistics_api::get_insurance_statistics);
    cfg.service(step_api::accept_claim)
        .service(step_api::request_claim_documents)
        .service(step_api::complete_claim_documents)
        .service(step_api::review_claim)
        .service(step_api::investigate_claim)
        .service(step_api::determine_claim)
        .service(step_api::agree_claim)
        .service(step_api::pay_claim)
        .service(step_api::close_claim)
        .service(step_api::withdraw_claim)
        .service(step_api::dispute_claim)
        .service(step_api::end_claim_dispute);
    cfg.service(notes_api::note_claim_obstacle)
        .service(notes_api::end_claim_obstacle)
        .service(notes_api::note_claim_interruption);
}
