//! What this service never collects, published; where what it does collect rests; and how that moves from key to
//! key.
//!
//! The list is the same one by which a test reads the schema, the migrations and the OpenAPI document.

pub mod api;
pub mod moves;
pub mod moves_store;
pub mod never;
pub mod resting;
pub mod suppression;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes that need no token.
pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_never_collected);
}
