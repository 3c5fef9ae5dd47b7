//! Who is asking, and what they may do.
//!
//! Staff sign in with a password; a field member's phone is bound by a one-use
//! code that a coordinator makes. Both get a short-lived access token and a
//! refresh token that changes at every use. What somebody may do follows from
//! their *assignments*: a role in an area, from a start to an end. `policy` is
//! the one table of who may do what; `handle` ties finding a record to being
//! allowed to, so that a forgotten check does not compile.

pub mod accounts;
pub mod api;
pub mod assignments;
pub mod attempts;
pub mod devices;
pub mod devices_store;
pub mod enrolment;
pub mod handle;
pub mod model;
pub mod passwords;
pub mod policy;
pub mod push_subscription;
pub mod push_tokens_store;
pub mod rights;
pub mod sessions;
pub mod sessions_store;
pub mod staff;
pub mod store;
pub mod tokens;
pub mod users;

pub use handle::{Handle, Leads, Place, Placed, Reach};
pub use policy::Action;
pub use rights::Who;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes that need no token.
pub fn public_routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_session)
        .service(api::refresh_session)
        .service(api::redeem_enrolment)
        .service(api::get_jwks);
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::delete_current_session)
        .service(api::get_me)
        .service(api::update_password)
        .service(api::create_enrolment)
        .service(devices::list_devices)
        .service(devices::get_device)
        .service(devices::revoke_device)
        .service(devices::set_push_subscription)
        .service(users::list_users)
        .service(users::create_user)
        .service(users::get_user)
        .service(users::update_user)
        .service(users::revoke_user_sessions)
        .service(assignments::list_assignments)
        .service(assignments::create_assignment)
        .service(assignments::end_assignment);
}
