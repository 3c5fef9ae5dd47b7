//! The steps of an assessment.

use std::collections::HashMap;

use jiff::ToSpan;

use super::api::NewCase;
use super::model::*;
use super::rules::{self, At, CaseStep};
use super::steps_api::{CaseDecision, CaseObjection, Finding, NewStatement};
use super::store::{self, Found, Step};
use crate::assessment::above::{judges, speaks_for};
use crate::assessment::evidence;
use crate::assessment::judge::{IndicatorOutcome, Judged};
use crate::assessment::reckon;
use crate::assessment::scheme::document::{Indicator, JudgedLevel, SchemeDocument};
use crate::assessment::sources::SourceMeasure;
use crate::assessment::span::{Span, is_over};
use crate::assessment::vetoes::commands::area_of;
use crate::associations::commands::living;
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError};

/// The sealed columns.
pub const STATEMENT: &str = "assessment_statements.statement";
pub const REMARK: &str = "assessment_statements.remark";
pub const DECIDED_REMARK: &str = "assessment_statements.decided_remark";
pub const OBJECTION: &str = "assessment_cases.objection";
pub const ANSWER: &str = "assessment_cases.answer";

fn sealed(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

/// Begins the assessment of an association's year.
pub fn open(c: &mut DbConn, who: &Who, new: &NewCase) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::CaseWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    if !association.kind.has_an_area() {
        return Err(AppError::field("/association_id", Fault::NotFitting));
    }
    if i64::from(who.at.china_day().year()) < new.year.0 {
        return Err(AppError::field("/year", Fault::InTheFuture));
    }
    if i64::from(association.founded_on.0.year()) > new.year.0 {
        return Err(AppError::field("/year", Fault::BadOrder));
    }
    if store::exists(c, association.id, new.year.0)? {
        return Err(AppError::of(Code::AssessmentExists));
    }
    let row = CaseRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        year: new.year.0,
        state: CaseState::SelfAssessment,
        registered_by: who.user,
        submitted_by: None,
        submitted_on: None,
        reviewed_by: None,
        reviewed_on: None,
        objection_until: None,
        objected_by: None,
        objected_on: None,
        objection: None,
        decided_by: None,
        decided_on: None,
        outcome: None,
        answer: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    let facts = serde_json::json!({ "to": row.state, "record": row.association_id });
    noted(c, who, Action::CaseWrite, &row, &facts)?;
    Ok(row.id)
}

pub fn at(case: &CaseRow, who: &Who) -> At {
    At {
        state: case.state,
        until: case.objection_until.map(|day| day.0),
        today: who.at.china_day(),
    }
}

fn may(case: &CaseRow, who: &Who, step: CaseStep) -> AppResult<()> {
    let at = at(case, who);
    let allowed = rules::allowed(at);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(case.state, allowed)),
    }
}

fn unchanged(case: &CaseRow, who: &Who, state: Option<CaseState>) -> Step {
    Step {
        version: case.version + 1,
        state,
        submitted_by: None,
        submitted_on: None,
        reviewed_by: None,
        reviewed_on: None,
        objection_until: None,
        objected_by: None,
        objected_on: None,
        objection: None,
        decided_by: None,
        decided_on: None,
        outcome: None,
        answer: None,
        updated_at: who.at,
    }
}

/// The indicators that are judged at the association's level.
fn asked(c: &mut DbConn, case: &CaseRow) -> AppResult<Vec<Indicator>> {
    let area = area_of(c, case.area_id)?;
    let (_, scheme): (_, SchemeDocument) = reckon::scheme_of(c, case.year)?;
    let level = JudgedLevel::of(area.level);
    let here = scheme.indicators.0.into_iter();
    Ok(here
        .filter(|indicator| indicator.levels.0.contains(&level))
        .collect())
}

/// Names of indicators as the audit holds them, and as many as it does.
fn fields<'a>(codes: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    (codes.into_iter().take(50))
        .map(str::to_ascii_lowercase)
        .collect()
}

/// What the association says of one indicator.
pub fn say(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    indicator: &str,
    new: &NewStatement,
) -> AppResult<()> {
    let case = store::locked(c, who, Action::CaseWrite, id)?;
    let area = area_of(c, case.area_id)?;
    speaks_for(who, Action::CaseWrite, &area)?;
    may(&case, who, CaseStep::Statement)?;
    let asked = asked(c, &case)?;
    let asked = asked.iter().find(|one| one.code.as_str() == indicator);
    let of = evidence::Of {
        association: case.association_id,
        area: &area,
        year: case.year,
        indicator: asked.ok_or_else(AppError::not_found)?,
    };
    evidence::check(c, who, &of, &new.evidence.0)?;
    // Sealed under an id of its own, which is new with every writing.
    let own = Uid::new(who.at);
    let statement = new.statement.as_ref().map(|text| text.as_str());
    let statement = statement.map(|text| sealed(vault, STATEMENT, own, text));
    let row = StatementRow {
        id: own,
        case_id: case.id,
        indicator: indicator.to_owned(),
        claimed: new.claimed,
        statement: statement.transpose()?,
        evidence: Json(new.evidence.0.clone()),
        found: None,
        remark: None,
        updated_by: who.user,
        updated_at: who.at,
        decided: None,
        decided_remark: None,
    };
    store::state(c, &case, &row)?;
    store::step(c, &case, &unchanged(&case, who, None))?;
    let facts = serde_json::json!({ "fields": fields([indicator]) });
    noted(c, who, Action::CaseWrite, &case, &facts)
}

/// Hands the self-assessment in, once the year is over and something is said of every indicator.
pub fn submit(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let case = store::locked(c, who, Action::CaseWrite, id)?;
    speaks_for(who, Action::CaseWrite, &area_of(c, case.area_id)?)?;
    may(&case, who, CaseStep::Submission)?;
    if !is_over(case.year, who.at.china_day()) {
        return Err(AppError::of(Code::YearRuns));
    }
    let said = store::statements(c, case.id)?;
    let missing: Vec<FieldError> = (asked(c, &case)?.iter())
        .map(|indicator| indicator.code.as_str())
        .filter(|code| !said.iter().any(|row| row.indicator == *code))
        .map(|code| FieldError::new(format!("/statements/{code}"), Fault::Required))
        .collect();
    if !missing.is_empty() {
        return Err(AppError::fields(missing));
    }
    let step = Step {
        submitted_by: Some(who.user),
        submitted_on: Some(Day(who.at.china_day())),
        ..unchanged(&case, who, Some(CaseState::Submitted))
    };
    store::step(c, &case, &step)?;
    moved(c, who, Action::CaseWrite, &case, CaseState::Submitted)
}

/// How an association's year was counted, by indicator: whoever finds otherwise says why.
#[derive(Debug, Clone, Default)]
pub struct Counted(HashMap<String, Standing>);

#[derive(Debug, Clone, Copy)]
struct Standing {
    outcome: IndicatorOutcome,
    /// A decision of people stands against the association: nobody finds it away.
    against: bool,
}

impl Standing {
    fn of(judged: &Judged) -> Standing {
        let against = judged.parts.iter().any(|part| {
            part.outcome == IndicatorOutcome::NotMet
                && (part.found).is_some_and(|source| source.measure == SourceMeasure::Against)
        });
        Standing {
            outcome: judged.outcome,
            against,
        }
    }
}

impl Counted {
    /// Why a finding does not do, beside what was counted: of a figure that nobody knows, each says otherwise.
    fn fault(&self, i: usize, finding: &Finding) -> Option<FieldError> {
        let counted = self.0.get(finding.indicator.as_str());
        if counted.is_some_and(|c| c.against) && finding.found != CaseSaid::NotMet {
            return Some(FieldError::new(
                format!("/findings/{i}/found"),
                Fault::NotFitting,
            ));
        }
        let same = counted.is_some_and(|c| c.outcome.as_str() == finding.found.as_str());
        (!same && finding.remark.is_none())
            .then(|| FieldError::new(format!("/findings/{i}/remark"), Fault::Required))
    }
}

/// How the year was counted of which findings are to be written by this step; for reading, as it takes a while. Nothing
/// where the step is refused anyway, or another association stands in the area's place.
pub fn counted(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    step: CaseStep,
) -> AppResult<Counted> {
    let case = store::visible(c, who, Action::CaseReview, id)?;
    let span = Span::of_year(case.year, who.at.china_day());
    let (true, Some(span)) = (rules::allowed(at(&case, who)).contains(&step), span) else {
        return Ok(Counted::default());
    };
    let area = area_of(c, case.area_id)?;
    let reckoned = reckon::reckon(c, vault, &area, span)?;
    if reckoned.association(&area).map(|own| own.id) != Some(case.association_id) {
        return Ok(Counted::default());
    }
    let judged = reckoned.sheet(&area).indicators.into_iter();
    let standing = judged.map(|judged| {
        let standing = Standing::of(&judged);
        (judged.code, standing)
    });
    Ok(Counted(standing.collect()))
}

/// Writes findings of a review or of a decision; each is of an indicator that something was said of, once, and brings a
/// remark where it is not what was counted.
fn write_findings(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    case: &Handle<CaseRow>,
    findings: &[Finding],
    counted: &Counted,
    step: CaseStep,
) -> AppResult<Vec<String>> {
    let column = match step {
        CaseStep::Decision => DECIDED_REMARK,
        _ => REMARK,
    };
    let said = store::statements(c, case.id)?;
    let mut faults = Vec::new();
    for (i, finding) in findings.iter().enumerate() {
        let at = format!("/findings/{i}/indicator");
        let code = finding.indicator.as_str();
        if (findings.iter().take(i)).any(|before| before.indicator == finding.indicator) {
            return Err(AppError::field(at, Fault::Repeated));
        }
        let row = said.iter().find(|row| row.indicator == code);
        let row = row.ok_or_else(|| AppError::field(at, Fault::NotFitting))?;
        faults.extend(counted.fault(i, finding));
        let remark = finding.remark.as_ref().map(|text| text.as_str());
        let remark = remark.map(|text| sealed(vault, column, row.id, text));
        let found = Found {
            id: row.id,
            found: finding.found,
            remark: remark.transpose()?,
            by: who.user,
            at: who.at,
        };
        match step {
            CaseStep::Decision => store::decide_for(c, case, &found)?,
            _ => store::find_for(c, case, &found)?,
        }
    }
    match faults.is_empty() {
        true => Ok(said.into_iter().map(|row| row.indicator).collect()),
        false => Err(AppError::fields(faults)),
    }
}

/// The superior's findings, of every indicator.
pub fn review(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    findings: &[Finding],
    counted: &Counted,
    window: i64,
) -> AppResult<()> {
    let case = store::locked(c, who, Action::CaseReview, id)?;
    if case.submitted_by == Some(who.user) {
        return Err(AppError::of(Code::SelfApproval));
    }
    judges(who, Action::CaseReview, &area_of(c, case.area_id)?)?;
    may(&case, who, CaseStep::Review)?;
    let said = write_findings(c, vault, who, &case, findings, counted, CaseStep::Review)?;
    // In the order of what was said, behind those that are there.
    let missing: Vec<FieldError> = (said.iter())
        .filter(|code| !findings.iter().any(|f| f.indicator.as_str() == *code))
        .zip(findings.len()..)
        .map(|(_, i)| FieldError::new(format!("/findings/{i}"), Fault::Required))
        .collect();
    if !missing.is_empty() {
        return Err(AppError::fields(missing));
    }
    let today = who.at.china_day();
    let until = today
        .checked_add(window.days())
        .map_err(AppError::internal)?;
    let step = Step {
        reviewed_by: Some(who.user),
        reviewed_on: Some(Day(today)),
        objection_until: Some(Day(until)),
        ..unchanged(&case, who, Some(CaseState::Reviewed))
    };
    store::step(c, &case, &step)?;
    let against = findings.iter().filter(|f| f.found == CaseSaid::NotMet);
    let against = fields(against.map(|f| f.indicator.as_str()));
    let facts =
        serde_json::json!({ "from": case.state, "to": CaseState::Reviewed, "fields": against });
    noted(c, who, Action::CaseReview, &case, &facts)
}

/// The association objects.
pub fn object(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &CaseObjection,
) -> AppResult<()> {
    let case = store::locked(c, who, Action::CaseWrite, id)?;
    if case.reviewed_by == Some(who.user) {
        return Err(AppError::of(Code::SelfApproval));
    }
    speaks_for(who, Action::CaseWrite, &area_of(c, case.area_id)?)?;
    may(&case, who, CaseStep::Objection)?;
    let step = Step {
        objected_by: Some(who.user),
        objected_on: Some(Day(who.at.china_day())),
        objection: Some(sealed(vault, OBJECTION, id, given.objection.as_str())?),
        ..unchanged(&case, who, Some(CaseState::Objected))
    };
    store::step(c, &case, &step)?;
    moved(c, who, Action::CaseWrite, &case, CaseState::Objected)
}

/// It is decided: where nobody objected the review stands, else somebody else than the reviewer decides.
pub fn decide(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &CaseDecision,
    counted: &Counted,
) -> AppResult<()> {
    let case = store::locked(c, who, Action::CaseReview, id)?;
    let objected = case.state == CaseState::Objected;
    let own = [case.submitted_by, case.objected_by];
    if own.contains(&Some(who.user)) || (objected && case.reviewed_by == Some(who.user)) {
        return Err(AppError::of(Code::SelfApproval));
    }
    judges(who, Action::CaseReview, &area_of(c, case.area_id)?)?;
    may(&case, who, CaseStep::Decision)?;
    let findings = &given.findings.0;
    if objected && given.answer.is_none() {
        return Err(AppError::field("/answer", Fault::Required));
    }
    if !objected && !findings.is_empty() {
        return Err(AppError::field("/findings", Fault::NotFitting));
    }
    write_findings(c, vault, who, &case, findings, counted, CaseStep::Decision)?;
    let outcome = match (objected, findings.is_empty()) {
        (false, _) => CaseOutcome::Unobjected,
        (true, true) => CaseOutcome::Upheld,
        (true, false) => CaseOutcome::Changed,
    };
    let answer = given.answer.as_ref().map(|text| text.as_str());
    let answer = answer.map(|text| sealed(vault, ANSWER, id, text));
    let step = Step {
        decided_by: Some(who.user),
        decided_on: Some(Day(who.at.china_day())),
        outcome: Some(outcome),
        answer: answer.transpose()?,
        ..unchanged(&case, who, Some(CaseState::Decided))
    };
    store::step(c, &case, &step)?;
    let changed = fields(findings.iter().map(|f| f.indicator.as_str()));
    let facts =
        serde_json::json!({ "from": case.state, "to": CaseState::Decided, "fields": changed });
    noted(c, who, Action::CaseReview, &case, &facts)
}

fn moved(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    case: &CaseRow,
    to: CaseState,
) -> AppResult<()> {
    let facts = serde_json::json!({ "from": case.state, "to": to });
    noted(c, who, action, case, &facts)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    row: &CaseRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(action, "assessment_case", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
