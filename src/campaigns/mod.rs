//! Festivals and campaigns (宣传活动).
//!
//! An organiser plans a campaign for a day, most often a festival: whom it reaches, what its reminders say
//! and when they go out. Another organiser approves it; scheduled, it runs by itself. Each reminder
//! is a row in the inbox of everybody in the audience and a push to each of their phones; what was shown
//! and opened comes back and is counted by the area in which people work.

pub mod alarms;
pub mod alarms_api;
pub mod alarms_store;
pub mod amendments;
pub mod announced;
mod announced_store;
pub mod audience;
pub mod by_code;
pub mod calendar;
pub mod campaigns_api;
pub mod drafts;
pub mod festivals;
pub mod festivals_api;
pub mod festivals_store;
pub mod lifecycle;
pub mod machine;
pub mod means;
pub mod model;
pub mod occurrences;
pub mod plan;
pub mod preview;
pub mod preview_view;
pub mod results;
pub mod results_api;
pub mod results_store;
pub mod results_view;
pub mod scheduler;
pub mod steps_api;
pub mod store;
pub mod sync;
pub mod templates;
pub mod templates_api;
pub mod templates_store;
pub mod test_send;
pub mod texts;
pub mod view;
pub mod writers_store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(festivals_api::list_festivals)
        .service(festivals_api::create_festival)
        .service(festivals_api::get_festival)
        .service(festivals_api::update_festival)
        .service(templates_api::create_campaign_template)
        .service(templates_api::list_campaign_templates)
        .service(templates_api::get_campaign_template)
        .service(templates_api::update_campaign_template)
        .service(alarms_api::list_campaign_alarms)
        .service(campaigns_api::create_campaign)
        .service(campaigns_api::list_campaigns)
        .service(campaigns_api::get_campaign)
        .service(campaigns_api::update_campaign)
        .service(steps_api::preview_campaign_audience)
        .service(steps_api::approve_campaign)
        .service(steps_api::schedule_campaign)
        .service(steps_api::cancel_campaign)
        .service(test_send::test_send_campaign)
        .service(steps_api::list_campaign_reminders)
        .service(results_api::get_campaign_results)
        .service(results_api::list_campaign_receivers);
}
