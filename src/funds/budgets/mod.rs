//! Budgets of associations, one a year: their activity funds beside the family-planning funds of the same level.
//!
//! What the guide asks besides the share is recorded as facts, each with the paper that shows it: a line of their own,
//! a separate account, an earmark; the wages in the budget, what retired leaders and the executive vice-presidents of
//! villages are paid. A fact that was found wanting is recorded as well.

pub mod api;
pub mod commands;
pub mod facts_api;
pub mod model;
pub mod rules;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_budget)
        .service(api::list_budgets)
        .service(api::get_budget)
        .service(api::update_budget)
        .service(facts_api::set_budget_fact);
}
