//! Channels that live in an account instead of a phone, bound by their member: WeCom (企业微信).
//!
//! A member asks for a link and scans it as a QR code with WeCom; WeCom sends them back with a code, they say that
//! they mean it, and the code says which account they have there. Since then that account is a device of theirs
//! (`auth::accounts`), to which pushes go as to a phone.
//!
//! - The link's `state` is 256 bits, good once and for ten minutes, rests as a keyed hash and belongs to whoever asked.
//! - Nothing is bound by opening an address: WeCom's own page asks nobody, so that a link sent to a colleague would
//!   bind the colleague's account to somebody else's name. The page that WeCom leads to says whose account it is here
//!   and asks; its answer carries a tag over state and code that nobody else can make.
//! - WeCom is asked outside any transaction. Where it does not answer nothing is bound, and the link stays good.

pub mod api;
pub mod binding;
mod callback;
pub mod model;
mod page;
mod store;

pub use store::forget_expired;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(callback::finish_wecom_binding);
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_channels)
        .service(api::create_channel_binding)
        .service(api::unbind_channel);
}
