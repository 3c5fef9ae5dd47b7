//! Posts (职务) in associations: president, executive vice-president, vice-president, secretary-general.
//!
//! A post is one term of somebody: from a day until a day, for as many years as the level's rule says; it ends
//! earlier for a reason, or somebody is elected anew and a new term follows it. What a level asks of its holders is
//! data (`post_rules`): which public position they hold, whether they are of the five elders, full time, a civil
//! servant. A post that breaks a rule is refused with the rule's code; a post that nobody fills as its rule says is
//! vacant, and since when is reckoned from the terms (`rules::vacancies`).
//!
//! Whoever holds a post is a person like any other: they agreed to `membership`, their name stands in `people`
//! alone, comes masked, and is shown to officers for a reason. When they no longer agree, the term ends.

pub mod api;
pub mod commands;
pub mod former_store;
pub mod model;
pub mod rules;
pub mod rules_api;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_post)
        .service(api::list_posts)
        .service(api::get_post)
        .service(api::update_post)
        .service(api::list_vacancies)
        .service(steps_api::end_post)
        .service(steps_api::re_elect_post)
        .service(steps_api::reveal_post_holder)
        .service(rules_api::list_post_rules)
        .service(rules_api::get_post_rule)
        .service(rules_api::update_post_rule);
}
