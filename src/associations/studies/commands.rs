//! Noting a study with the problems it raised, and what becomes of them.

use super::api::{NewStudy, StudyPatch};
use super::items_api::{Closure, Explanation, ItemPatch, NewProblem};
use super::model::*;
use super::store::{self, Amendment, ItemChange};
use crate::associations::commands::{living, past};
use crate::associations::joining::within;
use crate::associations::model::AssociationRow;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// The sealed columns.
pub const FINDINGS: &str = "studies.findings";
pub const PROBLEM: &str = "action_items.problem";
pub const OUTCOME: &str = "action_items.outcome";

fn sealed(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

/// Notes a study of an association's work.
pub fn note(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewStudy) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::StudyWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    past(who, new.held_on, "/held_on")?;
    if new.held_on < association.founded_on {
        return Err(AppError::field("/held_on", Fault::BadOrder));
    }
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let findings = new.findings.as_ref();
    let findings = findings.map(|f| sealed(vault, FINDINGS, id, f.as_str()));
    let row = StudyRow {
        id,
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        kind: new.kind,
        led_by: new.led_by,
        topic: new.topic,
        held_on: new.held_on,
        findings: findings.transpose()?,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    noted(
        c,
        who,
        &row,
        &serde_json::json!({ "what": "held", "kind": row.kind }),
    )?;
    let study = store::locked(c, who, Action::StudyWrite, id)?;
    for (i, problem) in new.problems.0.iter().enumerate() {
        raise(c, vault, who, &study, problem, i)
            .map_err(|e| within(e, &format!("/problems/{i}")))?;
    }
    Ok(id)
}

/// The association whose post is to own a problem: the study's, or one that stands under it.
fn owner(c: &mut DbConn, study: &StudyRow, named: Option<Uid>) -> AppResult<AssociationRow> {
    let wrong = || AppError::field("/owner_association_id", Fault::NoSuchRecord);
    let id = named.unwrap_or(study.association_id);
    let found = associations::find(c, id)?.ok_or_else(wrong)?;
    let mut at = found.clone();
    // A tree of kinds is at most four deep.
    for _ in 0..8 {
        if at.id == study.association_id {
            return match found.dissolved_on {
                None => Ok(found),
                Some(_) => Err(AppError::field("/owner_association_id", Fault::NotFitting)),
            };
        }
        let Some(parent) = at.parent_id else { break };
        at = associations::find(c, parent)?.ok_or_else(wrong)?;
    }
    Err(wrong())
}

/// Adds a problem that a study raised.
pub fn raise(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    study: &Handle<StudyRow>,
    new: &NewProblem,
    nth: usize,
) -> AppResult<Uid> {
    if new.due_on < study.held_on {
        return Err(AppError::field("/due_on", Fault::BadOrder));
    }
    let owner = owner(c, study, new.owner_association_id)?;
    // Several of one study keep their order.
    let made = || Uid::new(who.at.plus(i64::try_from(nth).unwrap_or(0)));
    let id = new.id.unwrap_or_else(made);
    let row = ItemRow {
        id,
        version: 1,
        study_id: study.id,
        association_id: owner.id,
        county: owner.county,
        town: owner.town,
        village: owner.village,
        area_id: owner.area_id,
        owner_post: new.owner_post,
        problem: sealed(vault, PROBLEM, id, new.problem.as_str())?,
        raised_on: study.held_on,
        due_on: new.due_on,
        state: ItemState::Open,
        settled_on: None,
        reason: None,
        outcome: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert_item(c, study, &row)?;
    let facts = serde_json::json!({ "what": "raised", "record": study.id });
    item_noted(c, who, &row, &facts)?;
    Ok(id)
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &StudyPatch,
) -> AppResult<()> {
    let study = store::locked(c, who, Action::StudyWrite, id)?;
    if version != study.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    if let Some(day) = patch.held_on {
        past(who, day, "/held_on")?;
        let items = store::items_of(c, &[id])?;
        if items.iter().any(|item| item.due_on < day) {
            return Err(AppError::field("/held_on", Fault::BadOrder));
        }
    }
    let findings = match &patch.findings {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(sealed(vault, FINDINGS, id, text.as_str())?)),
    };
    let change = Amendment {
        version: study.version + 1,
        led_by: patch.led_by,
        topic: patch.topic,
        held_on: patch.held_on,
        findings,
        updated_at: who.at,
    };
    store::amend(c, &study, &change)?;
    noted(
        c,
        who,
        &study,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

fn unchanged(item: &ItemRow, who: &Who) -> ItemChange {
    ItemChange {
        version: item.version + 1,
        owner_post: None,
        due_on: None,
        state: None,
        settled_on: None,
        reason: None,
        outcome: None,
        updated_at: who.at,
    }
}

/// What may be done from where an item stands: what was explained may be solved later.
pub fn allowed(state: ItemState) -> &'static [&'static str] {
    match state {
        ItemState::Open => &["closure", "explanation"],
        ItemState::Explained => &["closure"],
        ItemState::Closed => &[],
    }
}

fn may(item: &ItemRow, step: &str) -> AppResult<()> {
    let allowed = allowed(item.state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(item.state, allowed)),
    }
}

/// Another owner or day for an open item.
pub fn amend_item(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &ItemPatch,
) -> AppResult<()> {
    let item = store::locked_item(c, who, Action::StudyWrite, id)?;
    if version != item.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    may(&item, "explanation")?;
    if patch.due_on.is_some_and(|due| due < item.raised_on) {
        return Err(AppError::field("/due_on", Fault::BadOrder));
    }
    let change = ItemChange {
        owner_post: patch.owner_post,
        due_on: patch.due_on,
        ..unchanged(&item, who)
    };
    store::change_item(c, &item, &change)?;
    let facts = serde_json::json!({ "fields": patch.fields() });
    item_noted(c, who, &item, &facts)
}

fn settled(who: &Who, item: &ItemRow, on: Day, pointer: &str) -> AppResult<()> {
    past(who, on, pointer)?;
    match on < item.settled_on.unwrap_or(item.raised_on) {
        true => Err(AppError::field(pointer, Fault::BadOrder)),
        false => Ok(()),
    }
}

/// The problem is solved.
pub fn close(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, given: &Closure) -> AppResult<()> {
    let item = store::locked_item(c, who, Action::StudyWrite, id)?;
    may(&item, "closure")?;
    settled(who, &item, given.closed_on, "/closed_on")?;
    let change = ItemChange {
        state: Some(ItemState::Closed),
        settled_on: Some(given.closed_on),
        reason: Some(None),
        outcome: Some(Some(sealed(vault, OUTCOME, id, given.outcome.as_str())?)),
        ..unchanged(&item, who)
    };
    store::change_item(c, &item, &change)?;
    let facts = serde_json::json!({ "from": item.state, "to": ItemState::Closed });
    item_noted(c, who, &item, &facts)
}

/// Why it was not.
pub fn explain(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &Explanation,
) -> AppResult<()> {
    let item = store::locked_item(c, who, Action::StudyWrite, id)?;
    may(&item, "explanation")?;
    settled(who, &item, given.explained_on, "/explained_on")?;
    let outcome = match &given.note {
        None => None,
        Some(note) => Some(sealed(vault, OUTCOME, id, note.as_str())?),
    };
    let change = ItemChange {
        state: Some(ItemState::Explained),
        settled_on: Some(given.explained_on),
        reason: Some(Some(given.reason)),
        outcome: Some(outcome),
        ..unchanged(&item, who)
    };
    store::change_item(c, &item, &change)?;
    let facts = serde_json::json!({ "from": item.state, "to": ItemState::Explained });
    let entry = Entry::new(Action::StudyWrite, "action_item", item.id, item.place());
    let entry = entry.of(Some(item.area_id)).with(&facts);
    audit::record(c, who, entry.because(given.reason.as_str()))
}

fn noted(c: &mut DbConn, who: &Who, row: &StudyRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(Action::StudyWrite, "study", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}

fn item_noted(
    c: &mut DbConn,
    who: &Who,
    row: &ItemRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(Action::StudyWrite, "action_item", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
