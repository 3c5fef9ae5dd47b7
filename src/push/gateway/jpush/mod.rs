//! JPush, REST API v3: pushing and the ids of calls by which a retry is known again.

mod app;
mod check;
mod code;
mod send;

use actix_web::web;

use super::faults::FaultKind;

pub(super) use app::JPush;
pub use app::JPushApp;
pub use code::JPushCode;

/// The routes of JPush.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/v3/push")
                .route(web::post().to(send::push))
                .default_service(web::to(send::not_post)),
        )
        .route("/v3/push/cid", web::get().to(send::cid));
}

/// Whether a fault of these is for these endpoints.
pub(super) fn knows(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::JPush(_) | FaultKind::Slow | FaultKind::CloseConnection | FaultKind::LoseReply
    )
}
