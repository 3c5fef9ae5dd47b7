//! WeCom (企业微信): its token, application messages, who came back with a code, and a stand-in for the page on which
//! its members say who they are.
//!
//! As the real one it shows a member thirty messages a minute and a thousand an hour, and drops the others without a
//! word to the sender; here the page shows them as dropped.

mod app;
mod check;
mod code;
mod oauth;
mod send;

use actix_web::web;

use super::faults::FaultKind;

pub(super) use app::WeCom;
pub use app::WeComApp;
pub use code::WeComCode;

/// Where members say who they are.
pub(super) const AUTHORIZE_PATH: &str = oauth::AUTHORIZE;
/// A thousand members and a text.
const MAX_BODY: usize = 128 * 1024;

/// The routes of WeCom.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(send::TOKEN, web::get().to(send::token))
        .route(send::USER, web::get().to(send::user))
        .service(
            web::resource(send::SEND)
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .route(web::post().to(send::send))
                .default_service(web::to(send::not_post)),
        )
        .route(oauth::AUTHORIZE, web::get().to(oauth::authorize))
        .route(oauth::APPROVE, web::get().to(oauth::approve));
}

/// Whether sending can fail so.
pub(super) fn knows(kind: FaultKind) -> bool {
    knows_call(kind)
        || matches!(
            kind,
            FaultKind::Unregistered | FaultKind::Unlicensed | FaultKind::LoseReply
        )
}

/// Whether any call can.
pub(super) fn knows_call(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::WeCom(_) | FaultKind::Slow | FaultKind::CloseConnection
    )
}
