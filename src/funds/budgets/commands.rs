//! Recording a budget, amending it, and noting what was found of it.

use super::api::{BudgetPatch, NewBudget};
use super::facts_api::BudgetFactNote;
use super::model::*;
use super::rules;
use super::store::{self, Amendment};
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Fen, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::funds::{association_of, years};

/// Records the budget of an association for a year, once.
pub fn record(c: &mut DbConn, who: &Who, new: &NewBudget) -> AppResult<Uid> {
    let association = association_of(c, who, Action::BudgetWrite, new.association_id)?;
    past(who, new.approved_on, "/approved_on")?;
    years::refuse_frozen(c, association.id, new.year.0, "/year")?;
    part_of(
        (new.activity_funds.0, new.family_planning_funds.0),
        "/activity_funds",
    )?;
    let row = BudgetRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        year: new.year.0,
        activity_funds: new.activity_funds.0,
        family_planning_funds: new.family_planning_funds.0,
        approved_on: new.approved_on,
        evidence: new.evidence.as_str().to_owned(),
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    noted(c, who, &row, &serde_json::json!({ "what": "recorded" }))?;
    Ok(row.id)
}

/// The activity funds are a part of the family-planning funds, and no more than all of them.
fn part_of((part, whole): (Fen, Fen), pointer: &str) -> AppResult<()> {
    match part.0 <= whole.0 {
        true => Ok(()),
        false => Err(AppError::field(pointer, Fault::OutOfRange)),
    }
}

/// Applies a patch: `None` leaves a field.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &BudgetPatch,
) -> AppResult<()> {
    let budget = store::locked(c, who, Action::BudgetWrite, id)?;
    if version != budget.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    years::refuse_frozen(c, budget.association_id, budget.year, "")?;
    if let Some(day) = patch.approved_on {
        past(who, day, "/approved_on")?;
    }
    let (part, whole) = (patch.activity_funds, patch.family_planning_funds);
    part_of(
        (
            part.map_or(budget.activity_funds, |m| m.0),
            whole.map_or(budget.family_planning_funds, |m| m.0),
        ),
        match part {
            Some(_) => "/activity_funds",
            None => "/family_planning_funds",
        },
    )?;
    let change = Amendment {
        version: budget.version + 1,
        activity_funds: patch.activity_funds.map(|m| m.0),
        family_planning_funds: patch.family_planning_funds.map(|m| m.0),
        approved_on: patch.approved_on,
        evidence: patch.evidence.as_ref().map(|e| e.as_str().to_owned()),
        updated_at: who.at,
    };
    store::amend(c, &budget, &change)?;
    noted(
        c,
        who,
        &budget,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

/// Notes what was found of a budget, with its paper.
pub fn note(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    kind: BudgetFactKind,
    found: &BudgetFactNote,
) -> AppResult<()> {
    let budget = store::locked(c, who, Action::BudgetWrite, id)?;
    years::refuse_frozen(c, budget.association_id, budget.year, "")?;
    past(who, found.shown_on, "/shown_on")?;
    let (amount, heads) = (found.amount.is_some(), found.heads.is_some());
    if let Some((pointer, fault)) = rules::fault(kind, found.holds, amount, heads) {
        return Err(AppError::field(pointer, fault));
    }
    let row = FactRow {
        budget_id: budget.id,
        kind,
        holds: found.holds,
        evidence: found.evidence.as_str().to_owned(),
        shown_on: found.shown_on,
        amount: found.amount.map(|m| m.0),
        heads: found.heads.map(|n| n.0),
        noted_by: who.user,
        noted_at: who.at,
    };
    store::note(c, &budget, &row)?;
    let facts = serde_json::json!({ "what": "noted", "kind": kind });
    noted(c, who, &budget, &facts)
}

fn noted(c: &mut DbConn, who: &Who, row: &BudgetRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(Action::BudgetWrite, "budget", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
