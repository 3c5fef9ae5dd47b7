//! Looking whether what was to be done was done.

use super::checks_api::NewVillageCheck;
use super::checks_store as store;
use super::model::*;
use super::store::Step;
use super::{commands, store as implementations};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::self_governance::village::{self, GovernanceCancelReason, after, seal};

const WRITE: Action = Action::SelfGovernanceWrite;
/// The sealed column.
pub const NOTE: &str = "village_checks.note";

/// Records what somebody found; what was called done and is not is open again.
pub fn check(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    implementation: Uid,
    new: &NewVillageCheck,
) -> AppResult<Uid> {
    let work = implementations::locked(c, who, WRITE, implementation)?;
    // Neither whose work it is nor who said that it is done.
    if [work.owner_user_id, work.settled_by].contains(&Some(who.user)) {
        return Err(AppError::of(Code::SelfApproval));
    }
    commands::may(&work, "check")?;
    let is_done = work.state == ImplementationState::Done;
    let in_order = new.finding == CheckFinding::InOrder;
    if in_order && !is_done {
        return Err(AppError::field("/finding", Fault::NotFitting));
    }
    let since = work.settled_on.unwrap_or(work.begun_on);
    after(who, new.checked_on, since, "/checked_on")?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let note = new.note.as_ref();
    let note = note.map(|text| seal(vault, NOTE, id, text.as_str()));
    let row = CheckRow {
        id,
        version: 1,
        county: work.county,
        town: work.town,
        village: work.village,
        area_code: work.area_code.clone(),
        implementation_id: work.id,
        checked_on: new.checked_on,
        checked_by: new.checked_by,
        finding: new.finding,
        note: note.transpose()?,
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &work, &row)?;
    let facts = serde_json::json!({ "what": row.finding, "record": work.id });
    noted(c, who, &row, &facts, None)?;
    if is_done && !in_order {
        let step = Step {
            state: Some(ImplementationState::Open),
            settled_on: Some(None),
            settled_by: Some(None),
            outcome: Some(None),
            reopened: Some(work.reopened + 1),
            ..commands::unchanged(&work, who)
        };
        implementations::step(c, &work, &step)?;
        let facts = serde_json::json!({ "from": work.state, "to": ImplementationState::Open });
        commands::noted(c, who, &work, &facts, Some(row.finding.as_str()))?;
    }
    Ok(id)
}

/// What may be done from where a check stands.
pub fn allowed(check: &CheckRow) -> &'static [&'static str] {
    match check.state() {
        VillageCheckState::Made => &["cancellation"],
        VillageCheckState::Cancelled => &[],
    }
}

/// It does not count. Work that it opened again stays open.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let check = store::locked(c, who, WRITE, id)?;
    if check.state() == VillageCheckState::Cancelled {
        return Err(AppError::state_forbids(check.state(), allowed(&check)));
    }
    store::cancel(c, &check, because, who.at)?;
    let facts = serde_json::json!({ "to": VillageCheckState::Cancelled });
    noted(c, who, &check, &facts, Some(because.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &CheckRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    village::noted(
        c,
        who,
        row,
        (WRITE, "village_check", row.id),
        facts,
        because,
    )
}
