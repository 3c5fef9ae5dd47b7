//! Supervision (督导): what coordinators see to in their areas. How many homes were visited, which follow-ups are
//! overdue, which possessions of homes are missing or without evidence. What was voiced and waits for an answer
//! stands in [`crate::concerns`].
//!
//! Nothing is hidden of what is counted: by the same right, in the same areas, each of it is listed. Lists hold ids
//! that the coordinator may open, and nothing about anybody served.

pub mod coverage;
pub mod coverage_api;
pub mod coverage_store;
pub mod follow_ups_api;
pub mod possessions_api;
pub mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::areas;
use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::DbConn;
use crate::error::{AppError, AppResult};
use crate::http::text::AreaCode;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(coverage_api::get_visit_coverage)
        .service(follow_ups_api::list_overdue_follow_ups)
        .service(possessions_api::list_possession_gaps);
}

/// Where the caller supervises, or one area of it.
fn within(c: &mut DbConn, who: &Who, area: Option<&AreaCode>) -> AppResult<Scope> {
    let action = Action::SupervisionRead;
    let Some(code) = area else {
        return Ok(who.scope(action));
    };
    let area = areas::store::by_code_ever(c, code.as_str())?
        .filter(|area| who.may_within(action, area))
        .ok_or_else(AppError::not_found)?;
    areas::store::scope_within(c, &area)
}
