//! Whether a village is qualified in a year (群众自治合格): by criteria that are data, from rows that are counted.
//!
//! A criterion names a fact and how many rows of it the year needs; a village is qualified that meets them all. `facts`
//! says once what each fact is, for the count and for the rows behind it. The newest set of criteria up to the year
//! holds. An officer of the township or the county may decide otherwise, with reasons: that stands beside the count and
//! takes nothing from it.
//!
//! [`count::of`] answers for all areas within one, by a query for the villages, one for the facts and one for the
//! decisions, however many villages there are.

pub mod api;
pub mod confirmations;
pub mod confirmations_api;
pub mod count;
pub mod criteria;
pub mod criteria_api;
pub mod facts;
pub mod facts_api;
pub mod model;
pub mod rules;
pub mod statistics_api;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_village_standings)
        .service(api::get_village_standing)
        .service(facts_api::list_village_facts)
        .service(statistics_api::get_self_governance_statistics)
        .service(confirmations_api::create_village_confirmation)
        .service(confirmations_api::list_village_confirmations)
        .service(confirmations_api::get_village_confirmation)
        .service(criteria_api::list_self_governance_criteria)
        .service(criteria_api::get_self_governance_criteria)
        .service(criteria_api::set_self_governance_criteria);
}
