//! The inbox: the truth that push only announces.
//!
//! Whatever somebody should know is a row here first, written in the transaction of the thing it tells
//! of, with one outbox row for each of their phones. A phone without a live push finds it at its next
//! look. A notification never carries personal data of anybody served.

pub mod announce;
pub mod api;
pub mod marks;
pub mod model;
pub mod settings;
pub mod settings_store;
pub mod store;
pub mod sync;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_notifications)
        .service(api::mark_notifications)
        .service(settings::get_notification_settings)
        .service(settings::set_notification_settings);
}
