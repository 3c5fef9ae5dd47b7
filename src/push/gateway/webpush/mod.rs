//! A push service of browsers: RFC 8030 with VAPID (RFC 8292) required, and the browser behind it, which decrypts
//! (RFC 8291).
//!
//! Stricter than most real ones: `sub` and a known `Urgency` are demanded, a body that the browser could not read
//! is refused at once, and so is a sender's key that came before.

mod check;
mod decrypt;
mod refusal;
mod send;
mod subscriptions;
mod vapid;

use actix_web::web;

pub(super) use subscriptions::WebPush;
pub use subscriptions::{SubscriptionError, WebSubscription};

/// How records name this provider.
const PROVIDER: &str = "web_push";
/// The path, as records show it.
const PATH: &str = "/wp/{id}";

/// The routes of the push service, and of who makes subscriptions.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route(PATH, web::post().to(send::send)).route(
        "/control/subscriptions",
        web::post().to(subscriptions::make),
    );
}
