//! Recording a veto, the appeal against it, and what became of that.

use super::api::{NewVeto, VetoAppeal, VetoAppealDecision};
use super::model::*;
use super::store::{self, Step};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::assessment::above::{judges, speaks_for};
use crate::assessment::reckon;
use crate::assessment::scheme::document::{JudgedLevel, SchemeDocument};
use crate::assessment::sources::{self, SourceMeasure};
use crate::associations::commands::{living, past};
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// The sealed columns.
pub const STATEMENT: &str = "assessment_vetoes.statement";
pub const APPEAL: &str = "assessment_vetoes.appeal";
pub const ANSWER: &str = "assessment_vetoes.answer";

fn sealed(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

/// The area of an association.
pub fn area_of(c: &mut DbConn, id: Uid) -> AppResult<AreaRow> {
    areas::store::by_id(c, id)?.ok_or_else(|| AppError::internal("an association without an area"))
}

/// Whether a scheme asks at a level for what stands against an association: without that a veto would have no effect.
fn counts(scheme: &SchemeDocument, level: JudgedLevel) -> bool {
    let mut asked = scheme.indicators.0.iter();
    asked.any(|indicator| {
        let mut clauses = indicator.formula.sources.0.iter();
        indicator.levels.0.contains(&level)
            && clauses.any(|clause| {
                let here = clause.levels.0.is_empty() || clause.levels.0.contains(&level);
                here && sources::named(clause.source.as_str())
                    .is_some_and(|source| source.measure == SourceMeasure::Against)
            })
    })
}

pub fn decide(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewVeto) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::VetoDecide, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    let area = area_of(c, association.area_id)?;
    judges(who, Action::VetoDecide, &area)?;
    living(&association)?;
    // The others are not assessed.
    if !association.kind.has_an_area() {
        return Err(AppError::field("/association_id", Fault::NotFitting));
    }
    past(who, new.decided_on, "/decided_on")?;
    if i64::from(new.decided_on.0.year()) < new.year.0 {
        return Err(AppError::field("/decided_on", Fault::BadOrder));
    }
    let reasons = &new.reasons.0;
    if reasons.is_empty() {
        return Err(AppError::field("/reasons", Fault::TooShort));
    }
    for (i, reason) in reasons.iter().enumerate() {
        if reasons.iter().take(i).any(|before| before == reason) {
            return Err(AppError::field(format!("/reasons/{i}"), Fault::Repeated));
        }
    }
    if store::exists(c, association.id, new.year.0)? {
        return Err(AppError::of(Code::VetoExists));
    }
    let (_, scheme) = reckon::scheme_of(c, new.year.0)?;
    if !counts(&scheme, JudgedLevel::of(area.level)) {
        return Err(AppError::of(Code::VetoNotAsked));
    }
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let row = VetoRow {
        id,
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        year: new.year.0,
        decided_by: new.decided_by,
        decided_on: new.decided_on,
        reasons: Json(reasons.clone()),
        statement: sealed(vault, STATEMENT, id, new.statement.as_str())?,
        state: VetoState::Decided,
        appealed_on: None,
        appeal: None,
        settled_on: None,
        outcome: None,
        answer: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
        appealed_by: None,
        settled_by: None,
    };
    store::insert(c, &association, &row)?;
    let facts = serde_json::json!({ "to": row.state, "record": row.association_id });
    noted(c, who, Action::VetoDecide, &row, &facts)?;
    Ok(row.id)
}

/// What may be done from where a veto stands.
pub fn allowed(veto: &VetoRow) -> Vec<&'static str> {
    match veto.state {
        VetoState::Decided => vec!["appeal"],
        VetoState::Appealed => vec!["appeal_decision"],
        VetoState::Settled => Vec::new(),
    }
}

fn may(veto: &VetoRow, step: &str) -> AppResult<()> {
    let allowed = allowed(veto);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(veto.state, allowed)),
    }
}

fn after(who: &Who, day: Day, since: Day, pointer: &str) -> AppResult<()> {
    past(who, day, pointer)?;
    match day < since {
        true => Err(AppError::field(pointer, Fault::BadOrder)),
        false => Ok(()),
    }
}

fn unchanged(veto: &VetoRow, who: &Who, state: VetoState) -> Step {
    Step {
        version: veto.version + 1,
        state,
        appealed_by: None,
        appealed_on: None,
        appeal: None,
        settled_by: None,
        settled_on: None,
        outcome: None,
        answer: None,
        updated_at: who.at,
    }
}

/// The association appeals.
pub fn appeal(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &VetoAppeal,
) -> AppResult<()> {
    let veto = store::locked(c, who, Action::VetoAppeal, id)?;
    // There is one appeal, and it is not theirs to use up.
    if veto.registered_by == who.user {
        return Err(AppError::of(Code::SelfApproval));
    }
    speaks_for(who, Action::VetoAppeal, &area_of(c, veto.area_id)?)?;
    may(&veto, "appeal")?;
    after(who, given.appealed_on, veto.decided_on, "/appealed_on")?;
    let step = Step {
        appealed_by: Some(who.user),
        appealed_on: Some(given.appealed_on),
        appeal: Some(sealed(vault, APPEAL, id, given.appeal.as_str())?),
        ..unchanged(&veto, who, VetoState::Appealed)
    };
    store::step(c, &veto, &step)?;
    let facts = serde_json::json!({ "from": veto.state, "to": VetoState::Appealed });
    noted(c, who, Action::VetoAppeal, &veto, &facts)
}

/// Somebody decides on the appeal who neither recorded the veto nor appealed.
pub fn settle(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &VetoAppealDecision,
) -> AppResult<()> {
    let veto = store::locked(c, who, Action::VetoDecide, id)?;
    if veto.registered_by == who.user || veto.appealed_by == Some(who.user) {
        return Err(AppError::of(Code::SelfApproval));
    }
    judges(who, Action::VetoDecide, &area_of(c, veto.area_id)?)?;
    may(&veto, "appeal_decision")?;
    let since = veto.appealed_on.unwrap_or(veto.decided_on);
    after(who, given.settled_on, since, "/settled_on")?;
    let step = Step {
        settled_by: Some(who.user),
        settled_on: Some(given.settled_on),
        outcome: Some(given.outcome),
        answer: Some(sealed(vault, ANSWER, id, given.answer.as_str())?),
        ..unchanged(&veto, who, VetoState::Settled)
    };
    store::step(c, &veto, &step)?;
    let facts = serde_json::json!({ "from": veto.state, "to": given.outcome });
    noted(c, who, Action::VetoDecide, &veto, &facts)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    row: &VetoRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(action, "assessment_veto", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
