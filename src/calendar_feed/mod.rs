//! A calendar of one's own for any calendar program: the campaigns that concern somebody and the activities they
//! organise, as iCalendar (RFC 5545).
//!
//! A calendar program cannot sign in, so the address itself is the right to read: a token of 256 bits that is shown
//! once, rests as a keyed hash, and is made and revoked by its owner. What it opens says when and where something
//! is held and never a word about anybody.

pub mod api;
pub mod events;
pub mod ical;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(api::get_calendar);
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::get_calendar_feed)
        .service(api::create_calendar_feed)
        .service(api::revoke_calendar_feed);
}
