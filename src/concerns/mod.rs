//! Opinions and needs that were voiced at a visit (意见、建议和诉求): each is answered, or referred to the body whose
//! matter it is, by its day.
//!
//! They are born when a visit is submitted, and again when it is submitted after a correction: what is not voiced
//! in it any more goes, unless somebody has dealt with it, and what is stays what it was. The answer is owed ten working
//! days after the visit: neither a late submission nor a second one moves that. An opinion for which no answer was
//! promised, a word of praise, stands in the visit alone. What was said and answered rests under the household's own
//! key, like the visit. Whoever logged the visit and whoever looks after the household see what became of it, on their
//! phones too.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;
pub mod sync;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_concerns)
        .service(api::get_concern)
        .service(api::refer_concern)
        .service(api::answer_concern);
}
