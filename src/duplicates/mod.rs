//! Duplicates: two records that may be one person, found, decided by a person, merged, and undone.
//!
//! A job looks at every record that is new or changed (`search`), by the rule in `alike`, and puts pairs into a
//! queue that the coordinators work through. It blocks nothing and merges nothing by itself, and a pair that was
//! dismissed does not come back. Whoever registers somebody learns nothing of other areas: the answer is given
//! before the job looks, and is the same whether there is a match or not.
//!
//! Across areas: a pair within a county is seen by who coordinates both places. When both people consent to
//! `liaison_with_home_area`, the coordinators of the older record's place are told as well. They see their own
//! record, masked, and of the other no more than its county; they dismiss it, or confirm that it is the same
//! person. Merging takes somebody who coordinates both places; a confirmed pair waits for them. Between counties a
//! pair is kept only with both consents.
//!
//! A merge (`merge`) moves what hangs on one record to the other by a register of every column that names somebody
//! (`moves`), with a journal from which `undo` puts back exactly what was. Old ids lead to the kept record
//! (`follow`).

pub mod alike;
pub mod api;
pub mod follow;
pub mod merge;
pub mod model;
pub mod moves;
mod moves_store;
pub mod search;
mod search_store;
pub mod settle;
pub mod store;
pub mod undo;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_duplicates)
        .service(api::get_duplicate)
        .service(api::dismiss_duplicate)
        .service(api::confirm_duplicate)
        .service(api::merge_duplicate)
        .service(api::undo_merge);
}
