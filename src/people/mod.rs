//! People: the only place where names, phones, addresses and document numbers stand.
//!
//! Each person has a data key of their own, wrapped by the key ring; destroying
//! it erases them wherever a copy of their fields still rests. Every other
//! domain points at a person by id. What may be done with a person follows from
//! their consents, per purpose (`consents`).

pub mod amend;
pub mod consents;
mod consents_store;
pub mod documents;
pub mod feed;
pub mod fields;
pub mod intake;
pub mod masks;
pub mod model;
pub mod phones;
pub mod reveal;
pub mod store;
pub mod sync;
pub mod texts;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(consents::list_consent_texts);
}
