//! Who looks after a household, and with it its people, policies, claims, open follow-ups and what it voiced.

use actix_web::{HttpResponse, put, web};

use super::api::read;
use super::model::HouseholdRow;
use super::view::Household;
use super::{feed, store};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{self, Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::residents::care::Assignee;
use crate::state::App;
use crate::{concerns, insurance, people, sync, visits};

/// Gives a household to another worker.
pub fn assign(c: &mut DbConn, who: &Who, id: Uid, assignee: Option<Uid>) -> AppResult<()> {
    let household = store::locked(c, who, Action::HouseholdAssign, id)?;
    if let Some(user) = assignee {
        let workers = &[Role::FieldMember];
        if !auth::store::holds(c, user, workers, &household.place(), who.at)? {
            return Err(AppError::field("/assignee", Fault::NoSuchRecord));
        }
    }
    if household.assignee == assignee {
        return Ok(());
    }
    store::assign(c, &household, assignee, who.at)?;
    // Without anybody, whoever registered the household looks after what hangs on it.
    let worker = assignee.unwrap_or(household.registered_by);
    for person in people::store::assign_household(c, &household, Some(worker), who.at)? {
        people::feed::consents_shown_anew(c, who, &person)?;
    }
    insurance::assignment::of_household(c, who, &household, worker)?;
    visits::follow_ups::of_household(c, who, &household, worker)?;
    concerns::commands::of_household(c, who, &household, worker)?;
    audit::record(
        c,
        who,
        Entry::new(Action::HouseholdAssign, "household", id, household.place())
            .with(&serde_json::json!({ "assignee": assignee })),
    )?;
    let after = HouseholdRow {
        assignee,
        ..HouseholdRow::clone(&household)
    };
    // Residents among its people keep their worker, who may not see the household any more.
    feed::people_shown_anew(c, who, &after)?;
    sync::record_change(c, feed::change(who, &after, household.version + 1))
}

/// Assign a household
///
/// To a field member of the area, who then sees in clear the household, its people who are not residents,
/// its policies and claims, what it voiced and what was answered, and has its open follow-ups; the one before no
/// longer does, unless they registered them. Residents among its people keep the worker of their own.
#[utoipa::path(tag = "households", request_body = Assignee, params(("id" = Uid, Path, description = "The household's id")),
    responses((status = 200, description = "The household", body = Household)))]
#[put("/households/{id}/assignee")]
pub async fn assign_household(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Assignee>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdAssign)?;
    let id = path_id(id)?;
    let (caller, assignee) = (who.clone(), body.value.assignee);
    app.db
        .write(move |c| assign(c, &caller, id, assignee))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
