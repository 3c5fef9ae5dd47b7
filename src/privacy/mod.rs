//! What this service never collects, published.
//!
//! The list is the same one by which a test reads the schema, the migrations and the OpenAPI document.

pub mod api;
pub mod never;
pub mod resting;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes that need no token.
pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_never_collected);
}
