//! What every route shares: reading bodies and queries, pages, preconditions,
//! idempotency, sign-in, limits, and the RFC 9457 answer to every refusal.

pub mod auth;
pub mod guarded;
pub mod house;
pub mod html;
pub mod idempotency;
pub mod json;
pub mod limits;
pub mod page;
pub mod precondition;
pub mod problem;
pub mod proxies;
pub mod query;
pub mod ready;
pub mod text;
