//! What is to be done for a decision: owned, done, explained, cancelled.

use super::api::{ImplementationPatch, NewImplementation};
use super::checks_store;
use super::model::*;
use super::steps_api::{ImplementationCompletion, ImplementationExplanation};
use super::store::{self, Step};
use crate::associations::posts::model::PostKind;
use crate::associations::store as associations;
use crate::auth::policy::Role;
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::self_governance::deliberations::{decisions, decisions_store};
use crate::self_governance::village::{self, GovernanceCancelReason, after, seal};

const WRITE: Action = Action::SelfGovernanceWrite;
/// The sealed column.
pub const OUTCOME: &str = "implementations.outcome";

/// Says what is to be done for a decision that was adopted.
pub fn begin(c: &mut DbConn, who: &Who, decision: Uid, new: &NewImplementation) -> AppResult<Uid> {
    let decision = decisions_store::locked(c, who, WRITE, decision)?;
    decisions::may(&decision, "implementation")?;
    let row = ImplementationRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        county: decision.county,
        town: decision.town,
        village: decision.village,
        area_code: decision.area_code.clone(),
        decision_id: decision.id,
        task: new.task.as_str().to_owned(),
        owner_post: new.owner_post,
        owner_user_id: new.owner_user_id,
        begun_on: decision.decided_on,
        due_on: new.due_on,
        state: ImplementationState::Open,
        settled_on: None,
        settled_by: None,
        reason: None,
        outcome: None,
        reopened: 0,
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    owned(c, who, &row, row.owner_post, row.owner_user_id)?;
    due(&row, new.due_on)?;
    store::insert(c, &decision, &row)?;
    let facts = serde_json::json!({ "what": "begun", "record": decision.id, "assignee": row.owner_user_id });
    noted(c, who, &row, &facts, None)?;
    Ok(row.id)
}

/// A post of the village's association owns it, or somebody who works there: one of both.
fn owned(
    c: &mut DbConn,
    who: &Who,
    row: &ImplementationRow,
    post: Option<PostKind>,
    user: Option<Uid>,
) -> AppResult<()> {
    match (post, user) {
        (None, None) => Err(AppError::field("/owner_post", Fault::Required)),
        (Some(_), Some(_)) => Err(AppError::field("/owner_user_id", Fault::NotFitting)),
        (Some(_), None) => match associations::area_has_one(c, row.village)? {
            true => Ok(()),
            false => Err(AppError::field("/owner_post", Fault::NotFitting)),
        },
        (None, Some(user)) => {
            match crate::auth::store::holds(c, user, Role::ALL, &row.place(), who.at)? {
                true => Ok(()),
                false => Err(AppError::field("/owner_user_id", Fault::NoSuchRecord)),
            }
        }
    }
}

fn due(row: &ImplementationRow, day: Day) -> AppResult<()> {
    match day < row.begun_on {
        true => Err(AppError::field("/due_on", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// What may be done from where it stands: what was explained may be done later.
pub fn allowed(state: ImplementationState) -> &'static [&'static str] {
    match state {
        ImplementationState::Open => &["completion", "explanation", "check", "cancellation"],
        ImplementationState::Explained => &["completion", "check", "cancellation"],
        ImplementationState::Done => &["check", "cancellation"],
        ImplementationState::Cancelled => &[],
    }
}

pub fn may(row: &ImplementationRow, step: &str) -> AppResult<()> {
    let allowed = allowed(row.state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(row.state, allowed)),
    }
}

pub fn unchanged(row: &ImplementationRow, who: &Who) -> Step {
    Step {
        version: row.version + 1,
        task: None,
        owner_post: None,
        owner_user_id: None,
        due_on: None,
        state: None,
        settled_on: None,
        settled_by: None,
        reason: None,
        outcome: None,
        reopened: None,
        cancelled_because: None,
        cancelled_at: None,
        updated_at: who.at,
    }
}

/// Another task, owner or day, while it is open.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &ImplementationPatch,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    if version != row.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    may(&row, "explanation")?;
    let new_owner = patch.owner_post.is_some() || patch.owner_user_id.is_some();
    if new_owner {
        owned(c, who, &row, patch.owner_post, patch.owner_user_id)?;
    }
    if let Some(day) = patch.due_on {
        due(&row, day)?;
    }
    let step = Step {
        task: patch.task.as_ref().map(|t| t.as_str().to_owned()),
        owner_post: new_owner.then_some(patch.owner_post),
        owner_user_id: new_owner.then_some(patch.owner_user_id),
        due_on: patch.due_on,
        ..unchanged(&row, who)
    };
    store::step(c, &row, &step)?;
    let facts = serde_json::json!({ "fields": patch.fields() });
    noted(c, who, &row, &facts, None)
}

/// It is done.
pub fn complete(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &ImplementationCompletion,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    may(&row, "completion")?;
    let since = row.settled_on.unwrap_or(row.begun_on);
    // What a check opened again was not done before it.
    let found = checks_store::last_fault(c, id)?;
    after(
        who,
        given.done_on,
        found.map_or(since, |day| day.max(since)),
        "/done_on",
    )?;
    let outcome = given.outcome.as_ref();
    let outcome = outcome.map(|text| seal(vault, OUTCOME, id, text.as_str()));
    let step = Step {
        state: Some(ImplementationState::Done),
        settled_on: Some(Some(given.done_on)),
        settled_by: Some(Some(who.user)),
        reason: Some(None),
        outcome: Some(outcome.transpose()?),
        ..unchanged(&row, who)
    };
    store::step(c, &row, &step)?;
    let facts = serde_json::json!({ "from": row.state, "to": ImplementationState::Done });
    noted(c, who, &row, &facts, None)
}

/// Why it is not.
pub fn explain(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &ImplementationExplanation,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    may(&row, "explanation")?;
    after(who, given.explained_on, row.begun_on, "/explained_on")?;
    let note = given.note.as_ref();
    let note = note.map(|text| seal(vault, OUTCOME, id, text.as_str()));
    let step = Step {
        state: Some(ImplementationState::Explained),
        settled_on: Some(Some(given.explained_on)),
        reason: Some(Some(given.reason)),
        outcome: Some(note.transpose()?),
        ..unchanged(&row, who)
    };
    store::step(c, &row, &step)?;
    let facts = serde_json::json!({ "from": row.state, "to": ImplementationState::Explained });
    noted(c, who, &row, &facts, Some(given.reason.as_str()))
}

/// It does not count; checks of it are cancelled first.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    may(&row, "cancellation")?;
    if store::has_checks(c, id)? {
        return Err(AppError::state_forbids("has_parts", [""; 0]));
    }
    let step = Step {
        state: Some(ImplementationState::Cancelled),
        cancelled_because: Some(because),
        cancelled_at: Some(who.at),
        ..unchanged(&row, who)
    };
    store::step(c, &row, &step)?;
    let facts = serde_json::json!({ "from": row.state, "to": ImplementationState::Cancelled });
    noted(c, who, &row, &facts, Some(because.as_str()))
}

pub fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &ImplementationRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    let which = (WRITE, "implementation", row.id);
    village::noted(c, who, row, which, facts, because)
}
