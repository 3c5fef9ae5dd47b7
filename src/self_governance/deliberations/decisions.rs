//! What a deliberation decided.

use super::decisions_api::NewVillageDecision;
use super::decisions_store as store;
use super::model::*;
use super::{commands, store as deliberations};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::self_governance::village::{self, GovernanceCancelReason};

const WRITE: Action = Action::SelfGovernanceWrite;

/// Records what a deliberation decided, on the day it was held.
pub fn decide(
    c: &mut DbConn,
    who: &Who,
    deliberation: Uid,
    new: &NewVillageDecision,
) -> AppResult<Uid> {
    let held = deliberations::locked(c, who, WRITE, deliberation)?;
    commands::may(&held, "decision")?;
    let (Some(held_on), Some(there)) = (held.held_on, held.participants) else {
        return Err(AppError::internal("a deliberation was held on no day"));
    };
    let votes = new.votes.as_ref();
    let cast = votes.map_or(0, |v| v.in_favour.0 + v.against.0 + v.abstained.0);
    if cast > there {
        return Err(AppError::field("/votes", Fault::OutOfRange));
    }
    if new.result == DecisionResult::Adopted && votes.is_some_and(|v| v.in_favour.0 <= v.against.0)
    {
        return Err(AppError::field("/result", Fault::NotFitting));
    }
    let row = DecisionRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        county: held.county,
        town: held.town,
        village: held.village,
        area_code: held.area_code.clone(),
        deliberation_id: held.id,
        title: new.title.as_str().to_owned(),
        result: new.result,
        decided_on: held_on,
        votes_for: votes.map(|v| v.in_favour.0),
        votes_against: votes.map(|v| v.against.0),
        votes_abstained: votes.map(|v| v.abstained.0),
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &held, &row)?;
    let facts = serde_json::json!({ "what": row.result, "record": held.id });
    noted(c, who, &row, &facts, None)?;
    Ok(row.id)
}

/// What may be done from where a decision stands: what was adopted is carried out.
pub fn allowed(decision: &DecisionRow) -> &'static [&'static str] {
    match (decision.state(), decision.result) {
        (VillageDecisionState::Cancelled, _) => &[],
        (VillageDecisionState::Decided, DecisionResult::Adopted) => {
            &["implementation", "cancellation"]
        }
        (VillageDecisionState::Decided, _) => &["cancellation"],
    }
}

pub fn may(decision: &DecisionRow, step: &str) -> AppResult<()> {
    let allowed = allowed(decision);
    if allowed.contains(&step) {
        return Ok(());
    }
    match decision.state() {
        VillageDecisionState::Decided => Err(AppError::state_forbids(decision.result, allowed)),
        gone => Err(AppError::state_forbids(gone, allowed)),
    }
}

/// It does not count; what was to be done for it is cancelled first.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let decision = store::locked(c, who, WRITE, id)?;
    may(&decision, "cancellation")?;
    if store::has_implementations(c, id)? {
        return Err(AppError::state_forbids("has_parts", [""; 0]));
    }
    store::cancel(c, &decision, because, who.at)?;
    let facts = serde_json::json!({ "to": VillageDecisionState::Cancelled });
    noted(c, who, &decision, &facts, Some(because.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &DecisionRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    let which = (WRITE, "village_decision", row.id);
    village::noted(c, who, row, which, facts, because)
}
