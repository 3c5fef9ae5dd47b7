//! Objections to what is public of a selection, and their answers.

use super::commands::may;
use super::model::*;
use super::objections_api::{NewObjection, ObjectionAnswer};
use super::objections_store::{self, Answered};
use super::store::{self, NominationStep};
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};

/// The sealed columns.
pub const TOLD: &str = "objections.told";
pub const ANSWER: &str = "objections.answer";

fn sealed(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

/// Notes what was said while the nominees were public.
pub fn raise(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    new: &NewObjection,
) -> AppResult<Uid> {
    let selection = store::locked(c, who, Action::ObjectionWrite, id)?;
    may(&selection, "objections")?;
    past(who, new.raised_on, "/raised_on")?;
    let (from, to) = (selection.publicity_from, selection.publicity_to);
    let before = from.is_some_and(|from| new.raised_on < from);
    if before || to.is_some_and(|to| to < new.raised_on) {
        return Err(AppError::field("/raised_on", Fault::OutOfRange));
    }
    if let Some(against) = new.nomination_id {
        let wrong = |fault| AppError::field("/nomination_id", fault);
        let found = store::nomination(c, against)?.filter(|n| n.selection_id == selection.id);
        let found = found.ok_or_else(|| wrong(Fault::NoSuchRecord))?;
        if found.state != NominationState::Agreed {
            return Err(wrong(Fault::NotFitting));
        }
    }
    let row_id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let row = ObjectionRow {
        id: row_id,
        version: 1,
        selection_id: selection.id,
        nomination_id: new.nomination_id,
        topic: new.topic,
        told: Some(sealed(vault, TOLD, row_id, new.told.as_str())?),
        raised_on: new.raised_on,
        state: ObjectionState::Open,
        answered_on: None,
        outcome: None,
        answer: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    objections_store::insert(c, &selection, &row)?;
    let facts = serde_json::json!({ "what": "raised", "kind": row.topic });
    noted(c, who, &selection, row.id, &facts)?;
    Ok(row.id)
}

/// The objection and its selection, if the caller may do this to it.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
) -> AppResult<(Handle<SelectionRow>, ObjectionRow)> {
    who.may(Action::ObjectionRead)?;
    let row = objections_store::find(c, id)?.ok_or_else(AppError::not_found)?;
    let selection = store::visible(c, who, Action::ObjectionRead, row.selection_id)?;
    Ok((selection, row))
}

/// What became of it; one that is upheld takes its nominee out.
pub fn answer(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &ObjectionAnswer,
) -> AppResult<()> {
    who.may(Action::ObjectionWrite)?;
    let found = objections_store::find(c, id)?.ok_or_else(AppError::not_found)?;
    let selection = store::locked(c, who, Action::ObjectionWrite, found.selection_id)?;
    // Read anew, now that nobody else answers it.
    let found = objections_store::find(c, id)?.ok_or_else(AppError::not_found)?;
    let objection = selection.lead(found)?;
    if objection.state != ObjectionState::Open {
        return Err(AppError::state_forbids(objection.state, [""; 0]));
    }
    past(who, given.answered_on, "/answered_on")?;
    if given.answered_on < objection.raised_on {
        return Err(AppError::field("/answered_on", Fault::BadOrder));
    }
    let answered = Answered {
        version: objection.version + 1,
        state: ObjectionState::Answered,
        answered_on: given.answered_on,
        outcome: given.outcome,
        answer: sealed(vault, ANSWER, id, given.answer.as_str())?,
        updated_at: who.at,
    };
    objections_store::answer(c, &objection, &answered)?;
    if let (ObjectionOutcome::Upheld, Some(against)) = (given.outcome, objection.nomination_id) {
        exclude(c, who, &selection, against, given)?;
    }
    let facts = serde_json::json!({ "from": objection.state, "to": answered.state,
        "what": given.outcome });
    noted(c, who, &selection, id, &facts)
}

fn exclude(
    c: &mut DbConn,
    who: &Who,
    selection: &Handle<SelectionRow>,
    against: Uid,
    given: &ObjectionAnswer,
) -> AppResult<()> {
    let found = store::locked_nomination(c, against)?;
    // Whoever wants out is out already.
    let Some(found) = found.filter(|n| n.state == NominationState::Agreed) else {
        return Ok(());
    };
    let nomination = selection.lead(found)?;
    let step = NominationStep {
        version: nomination.version + 1,
        state: NominationState::Excluded,
        agreed_on: None,
        agreed_channel: None,
        settled_on: Some(given.answered_on),
        updated_at: who.at,
    };
    store::step_nomination(c, &nomination, &step)?;
    let facts = serde_json::json!({ "from": nomination.state, "to": step.state });
    super::nominations::noted(c, who, selection, nomination.id, &facts)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    selection: &SelectionRow,
    id: Uid,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let place = selection.place();
    let entry = Entry::new(Action::ObjectionWrite, "objection", id, place);
    audit::record(c, who, entry.of(Some(selection.area_id)).with(facts))
}
