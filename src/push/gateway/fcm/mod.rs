//! Firebase Cloud Messaging, HTTP v1, and Google's token endpoint.
//!
//! Stricter than Google in three places where Google forgives what is most
//! often a mistake: names in snake_case, enum values in lower case and data
//! keys that merely start with `google` or `gcm` are refused.

mod account;
mod check;
mod errors;
mod grants;
mod json;
mod message;
mod oauth;
mod schema;
mod send;

use actix_web::web;

pub use account::{AccountError, ServiceAccount};
pub(super) use errors::Refusal;
pub(super) use grants::Fcm;

/// The path of the token endpoint.
pub(super) const TOKEN_PATH: &str = "/token";
/// The scope that sending needs.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How records name this provider.
const PROVIDER: &str = "fcm";

/// The routes of Google.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(TOKEN_PATH, web::post().to(oauth::token))
        .route(
            "/v1/projects/{project}/messages:send",
            web::post().to(send::send),
        );
}
