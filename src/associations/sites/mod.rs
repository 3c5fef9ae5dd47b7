//! Sites (场所): where many people work or live together, with or without an association of their own: non-public
//! enterprises, fixed markets, places where migrants gather.
//!
//! A site has a headcount of a day, with who counted. From how many people on it is to have an association is data
//! (`site_rules`), and so is what that association is to have (`haves`): the three haves (people, rules, money to act)
//! and the four. What is found of each is a dated check by somebody named, with its evidence; the newest holds, and
//! none is changed. Sites are public, as associations are: everybody who works in the area reads them.

pub mod api;
pub mod checks_api;
pub mod commands;
pub mod data_api;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_site)
        .service(api::list_sites)
        .service(api::get_site)
        .service(api::update_site)
        .service(steps_api::close_site)
        .service(steps_api::create_site_headcount)
        .service(steps_api::list_site_headcounts)
        .service(checks_api::create_site_check)
        .service(checks_api::list_site_checks)
        .service(data_api::list_site_rules)
        .service(data_api::get_site_rule)
        .service(data_api::update_site_rule)
        .service(data_api::list_haves)
        .service(data_api::get_have)
        .service(data_api::update_have);
}
