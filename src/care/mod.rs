//! Care (生育关怀): the programmes of associations, the families that are helped by their own consent, and what was
//! done for them.
//!
//! A programme is active in an association in a year; projects carry it out, with a plan, a budget and a period. Of
//! health education whoever came is counted and named nowhere.
//!
//! A family is cared for once somebody of it agrees to `care_support`, without a reason that would stand anywhere. It
//! is seen by care officers of its area, and by the two contacts who were given to it (one of the township, one of the
//! village), each those of their own: its people come masked, and are shown for a reason that is audited. It stands in
//! no list of a village, in no push, and in no phone's store: everything here is read online alone, the feed knows no
//! such kind. With the last of its consents it is gone from every query at once, and what is stored goes some days
//! later.
//!
//! Where a family is stands with its household alone, so that it moves with it: whoever works elsewhere sees it no
//! more, a contact among them. How far special families (计划生育特殊家庭) are covered is told in counts, of which
//! small ones are hidden.

pub mod coverage;
pub mod coverage_api;
pub mod coverage_store;
pub mod ends;
pub mod families;
pub mod held;
pub mod programmes;
pub mod statistics;
pub mod support;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(programmes::routes)
        .configure(families::routes)
        .configure(support::routes)
        .service(statistics::get_care_statistics)
        .service(coverage_api::get_special_family_coverage);
}
