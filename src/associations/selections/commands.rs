//! A selection from its beginning to what was decided.

use super::api::NewSelection;
use super::model::*;
use super::objections_store;
use super::steps_api::{Publication, SelectionCancellation, SelectionDecision};
use super::store::{self, Found, NominationStep, Step};
use crate::associations::commands::{living, past};
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people;
use crate::people::model::PersonState;

/// Opens a selection of an association for a year.
pub fn open(c: &mut DbConn, who: &Who, new: &NewSelection) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::SelectionWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    if i64::from(who.at.china_day().year()) < new.year.0 {
        return Err(AppError::field("/year", Fault::InTheFuture));
    }
    if i64::from(association.founded_on.0.year()) > new.year.0 {
        return Err(AppError::field("/year", Fault::BadOrder));
    }
    if store::is_one(c, association.id, new.year.0, new.category)? {
        return Err(AppError::of(Code::AlreadyExists));
    }
    let row = SelectionRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        year: new.year.0,
        category: new.category,
        places: new.places.0,
        state: SelectionState::Nominating,
        publicity_from: None,
        publicity_to: None,
        decided_on: None,
        decided_by: None,
        cancelled_because: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    let facts = serde_json::json!({ "what": "opened", "kind": row.category });
    noted(c, who, &row, &facts)?;
    Ok(row.id)
}

/// What may be done from where a selection stands.
pub fn allowed(state: SelectionState) -> &'static [&'static str] {
    match state {
        SelectionState::Nominating => &["nominations", "publication", "cancellation"],
        SelectionState::Published => &["objections", "decision", "cancellation"],
        SelectionState::Decided | SelectionState::Cancelled => &[],
    }
}

pub(super) fn may(selection: &SelectionRow, step: &str) -> AppResult<()> {
    let allowed = allowed(selection.state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(selection.state, allowed)),
    }
}

fn to(selection: &SelectionRow, who: &Who, state: SelectionState) -> Step {
    Step {
        version: selection.version + 1,
        state,
        publicity_from: None,
        publicity_to: None,
        decided_on: None,
        decided_by: None,
        cancelled_because: None,
        updated_at: who.at,
    }
}

/// The nominees become public: those who agreed, and nobody else.
pub fn publish(c: &mut DbConn, who: &Who, id: Uid, given: &Publication) -> AppResult<()> {
    let selection = store::locked(c, who, Action::SelectionWrite, id)?;
    may(&selection, "publication")?;
    if given.publicity_to < given.publicity_from {
        return Err(AppError::field("/publicity_to", Fault::BadOrder));
    }
    if i64::from(given.publicity_from.0.year()) < selection.year {
        return Err(AppError::field("/publicity_from", Fault::BadOrder));
    }
    let all = store::all_of(c, &selection)?;
    if all.iter().any(|n| n.state == NominationState::Proposed) {
        let steps = ["agreement", "withdrawal"];
        return Err(AppError::state_forbids("not_agreed", steps));
    }
    if !all.iter().any(|n| n.state == NominationState::Agreed) {
        return Err(AppError::state_forbids("no_nominees", ["nominations"]));
    }
    // Nobody is public before they agreed to it.
    let agreed = all.iter().filter(|n| n.state == NominationState::Agreed);
    let last = agreed.filter_map(|n| n.agreed_on).max();
    if last.is_some_and(|day| given.publicity_from < day) {
        return Err(AppError::field("/publicity_from", Fault::BadOrder));
    }
    let step = Step {
        publicity_from: Some(given.publicity_from),
        publicity_to: Some(given.publicity_to),
        ..to(&selection, who, SelectionState::Published)
    };
    store::step(c, &selection, &step)?;
    stepped(c, who, &selection, step.state, None)
}

/// What people decided, after the last day of publicity and once every objection is answered.
pub fn decide(c: &mut DbConn, who: &Who, id: Uid, given: &SelectionDecision) -> AppResult<()> {
    let selection = store::locked(c, who, Action::SelectionWrite, id)?;
    may(&selection, "decision")?;
    past(who, given.decided_on, "/decided_on")?;
    if selection
        .publicity_to
        .is_some_and(|last| given.decided_on <= last)
    {
        return Err(AppError::field("/decided_on", Fault::BadOrder));
    }
    if objections_store::any_open(c, selection.id)? {
        return Err(AppError::state_forbids("objections_open", ["answer"]));
    }
    let chosen = &given.selected.0;
    if chosen.is_empty() {
        return Err(AppError::field("/selected", Fault::TooShort));
    }
    if chosen.len() as i64 > selection.places {
        return Err(AppError::field("/selected", Fault::TooMany));
    }
    let all = store::all_of(c, &selection)?;
    for (i, id) in chosen.iter().enumerate() {
        let at = || format!("/selected/{i}");
        if chosen.iter().take(i).any(|before| before == id) {
            return Err(AppError::field(at(), Fault::Repeated));
        }
        match all.iter().find(|n| n.id == *id) {
            None => return Err(AppError::field(at(), Fault::NoSuchRecord)),
            Some(n) if n.state != NominationState::Agreed => {
                return Err(AppError::field(at(), Fault::NotFitting));
            }
            Some(_) => {}
        }
    }
    let agreed = all.iter().filter(|n| n.state == NominationState::Agreed);
    for nomination in agreed {
        let state = match chosen.contains(&nomination.id) {
            true => NominationState::Selected,
            false => NominationState::NotSelected,
        };
        let step = NominationStep {
            version: nomination.version + 1,
            state,
            agreed_on: None,
            agreed_channel: None,
            settled_on: Some(given.decided_on),
            updated_at: who.at,
        };
        let nomination = selection.lead(nomination.clone())?;
        store::step_nomination(c, &nomination, &step)?;
    }
    let step = Step {
        decided_on: Some(given.decided_on),
        decided_by: Some(given.decided_by),
        ..to(&selection, who, SelectionState::Decided)
    };
    store::step(c, &selection, &step)?;
    stepped(c, who, &selection, step.state, None)
}

/// It does not take place.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid, given: &SelectionCancellation) -> AppResult<()> {
    let selection = store::locked(c, who, Action::SelectionWrite, id)?;
    may(&selection, "cancellation")?;
    let step = Step {
        cancelled_because: Some(given.reason),
        ..to(&selection, who, SelectionState::Cancelled)
    };
    store::step(c, &selection, &step)?;
    let why = given.reason.as_str();
    stepped(c, who, &selection, step.state, Some(why))
}

/// Those who are public, with who they are: each look at somebody is noted before their name is opened.
pub fn shown(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<(Handle<SelectionRow>, Vec<Found>)> {
    let selection = store::locked(c, who, Action::SelectionReveal, id)?;
    let public = [SelectionState::Published, SelectionState::Decided];
    if !public.contains(&selection.state) {
        let allowed = allowed(selection.state);
        return Err(AppError::state_forbids(selection.state, allowed));
    }
    let all = store::all_of(c, &selection)?;
    let stands =
        |n: &NominationRow| matches!(n.state, NominationState::Agreed | NominationState::Selected);
    let all: Vec<NominationRow> = all.into_iter().filter(stands).collect();
    let mut found = Vec::new();
    for nomination in all {
        let person = match nomination.person_id {
            Some(person) => {
                people::store::find(c, person)?.filter(|p| p.state == PersonState::Active)
            }
            None => None,
        };
        if let Some(person) = &person {
            let place = selection.place();
            let entry = Entry::new(Action::SelectionReveal, "person", person.id, place);
            let entry = entry.of(Some(selection.area_id)).because("publicity");
            audit::record(c, who, entry)?;
        }
        found.push((nomination, person));
    }
    Ok((selection, found))
}

fn stepped(
    c: &mut DbConn,
    who: &Who,
    before: &SelectionRow,
    after: SelectionState,
    why: Option<&str>,
) -> AppResult<()> {
    let facts = serde_json::json!({ "from": before.state, "to": after });
    let action = Action::SelectionWrite;
    let entry = Entry::new(action, "selection", before.id, before.place());
    let mut entry = entry.of(Some(before.area_id)).with(&facts);
    if let Some(why) = why {
        entry = entry.because(why);
    }
    audit::record(c, who, entry)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &SelectionRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(Action::SelectionWrite, "selection", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
