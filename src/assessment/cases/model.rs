//! Rows and words of an assessment under way.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::assessment::sources::FactKind;
use crate::auth::{Place, Placed};
use crate::db::schema::{assessment_cases, assessment_statements};
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Where an assessment stands: the association says how it did, handed that in, the superior reviewed it, the
    /// association objected, it is decided.
    CaseState {
        SelfAssessment = "self_assessment",
        Submitted = "submitted",
        Reviewed = "reviewed",
        Objected = "objected",
        Decided = "decided",
    }
}
text_enum! {
    /// How it was decided: nobody objected, the review stands, or it was changed.
    CaseOutcome { Unobjected = "unobjected", Upheld = "upheld", Changed = "changed" }
}
text_enum! {
    /// What somebody says of an indicator.
    CaseSaid { Met = "met", NotMet = "not_met", NotApplicable = "not_applicable" }
}

/// A record that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "study", "id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11"}))]
pub struct Evidence {
    pub kind: FactKind,
    pub id: Uid,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_cases, treat_none_as_default_value = false)]
pub struct CaseRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub year: i64,
    pub state: CaseState,
    pub registered_by: Uid,
    pub submitted_by: Option<Uid>,
    pub submitted_on: Option<Day>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_on: Option<Day>,
    pub objection_until: Option<Day>,
    pub objected_by: Option<Uid>,
    pub objected_on: Option<Day>,
    pub objection: Option<Vec<u8>>,
    pub decided_by: Option<Uid>,
    pub decided_on: Option<Day>,
    pub outcome: Option<CaseOutcome>,
    pub answer: Option<Vec<u8>>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for CaseRow {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    fn area(&self) -> Option<Uid> {
        Some(self.area_id)
    }
    fn shared(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_statements, treat_none_as_default_value = false)]
pub struct StatementRow {
    pub id: Uid,
    pub case_id: Uid,
    pub indicator: String,
    pub claimed: CaseSaid,
    pub statement: Option<Vec<u8>>,
    pub evidence: Json<Vec<Evidence>>,
    pub found: Option<CaseSaid>,
    pub remark: Option<Vec<u8>>,
    pub updated_by: Uid,
    pub updated_at: Micros,
    /// What a decision on an objection found otherwise; the finding of the review stays beside it.
    pub decided: Option<CaseSaid>,
    pub decided_remark: Option<Vec<u8>>,
}
