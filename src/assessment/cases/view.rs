//! How an assessment under way is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands::{self, ANSWER, DECIDED_REMARK, OBJECTION, REMARK, STATEMENT};
use super::model::*;
use super::rules::{self, CaseStep};
use crate::auth::Who;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, IndicatorCode, Note};
use crate::page_of;

/// What was said and found of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseStatement {
    #[schema(value_type = IndicatorCode)]
    pub indicator: String,
    /// What the association says.
    pub claimed: CaseSaid,
    #[schema(value_type = Option<Note>)]
    pub statement: Option<String>,
    /// Records that show it.
    #[schema(max_items = 10)]
    pub evidence: Vec<Evidence>,
    /// What the superior found in the review; null until then.
    pub found: Option<CaseSaid>,
    #[schema(value_type = Option<Note>)]
    pub remark: Option<String>,
    /// What the decision on an objection found otherwise; null where it left that as it was.
    pub decided: Option<CaseSaid>,
    #[schema(value_type = Option<Note>)]
    pub decided_remark: Option<String>,
}

/// The assessment of an association's year (考核过程).
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentCase {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    /// The association's area, by its code today.
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub state: CaseState,
    /// What may be done next, whoever asks: who does it, each step says.
    #[schema(max_items = 5)]
    pub allowed_actions: Vec<CaseStep>,
    #[schema(max_items = 100)]
    pub statements: Vec<CaseStatement>,
    pub submitted_on: Option<Day>,
    pub reviewed_on: Option<Day>,
    /// The last day on which the association may object.
    pub objection_until: Option<Day>,
    pub objected_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub objection: Option<String>,
    pub decided_on: Option<Day>,
    pub outcome: Option<CaseOutcome>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// An assessment in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentCaseSummary {
    pub id: Uid,
    pub association_id: Uid,
    /// The association's area, by its code today.
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub state: CaseState,
    pub objection_until: Option<Day>,
    pub decided_on: Option<Day>,
    pub outcome: Option<CaseOutcome>,
}

page_of! {
    /// A page of assessments.
    AssessmentCasePage of AssessmentCaseSummary
}

pub fn summary(row: CaseRow, area: AreaCode) -> AssessmentCaseSummary {
    AssessmentCaseSummary {
        id: row.id,
        association_id: row.association_id,
        area,
        year: row.year,
        state: row.state,
        objection_until: row.objection_until,
        decided_on: row.decided_on,
        outcome: row.outcome,
    }
}

impl Tagged for AssessmentCase {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

fn opened(
    vault: &Vault,
    column: &'static str,
    id: Uid,
    sealed: &Option<Vec<u8>>,
) -> AppResult<Option<String>> {
    let text = (sealed.as_ref()).map(|bytes| vault.open_sealed(column, id.0, bytes));
    text.transpose().map_err(AppError::internal)
}

pub fn show(
    vault: &Vault,
    who: &Who,
    row: CaseRow,
    area: AreaCode,
    statements: Vec<StatementRow>,
) -> AppResult<AssessmentCase> {
    let said = |s: StatementRow| {
        Ok(CaseStatement {
            statement: opened(vault, STATEMENT, s.id, &s.statement)?,
            remark: opened(vault, REMARK, s.id, &s.remark)?,
            decided_remark: opened(vault, DECIDED_REMARK, s.id, &s.decided_remark)?,
            decided: s.decided,
            indicator: s.indicator,
            claimed: s.claimed,
            evidence: s.evidence.0,
            found: s.found,
        })
    };
    Ok(AssessmentCase {
        allowed_actions: rules::allowed(commands::at(&row, who)),
        statements: statements.into_iter().map(said).collect::<AppResult<_>>()?,
        objection: opened(vault, OBJECTION, row.id, &row.objection)?,
        answer: opened(vault, ANSWER, row.id, &row.answer)?,
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        area,
        year: row.year,
        state: row.state,
        submitted_on: row.submitted_on,
        reviewed_on: row.reviewed_on,
        objection_until: row.objection_until,
        objected_on: row.objected_on,
        decided_on: row.decided_on,
        outcome: row.outcome,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
