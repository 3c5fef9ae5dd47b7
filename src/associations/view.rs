//! How an association is shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Int, Label};
use crate::page_of;

/// An association's office.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssociationOffice {
    pub rank: OfficeRank,
    pub premises: Premises,
    /// It has the facilities that the work needs.
    #[serde(default)]
    #[schema(default = false, example = true)]
    pub equipped: bool,
    /// It is listed as an institution of its own (单列), not as a part of another office.
    #[schema(example = true)]
    pub own_line: bool,
}

/// Who works for an association, as numbers.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Staffing {
    /// Posts that were granted (编制).
    #[schema(value_type = i64, minimum = 0, maximum = 1000, example = 3)]
    pub establishment: Int<0, 1000>,
    /// People who work for it full time.
    #[schema(value_type = i64, minimum = 0, maximum = 1000, example = 3)]
    pub full_time: Int<0, 1000>,
    /// Managed by reference to the Civil Service Law (参照公务员法管理): not without a post that was granted.
    #[schema(example = true)]
    pub managed_by_reference: bool,
    /// Whoever answers for the association found them fit for the work.
    #[serde(default)]
    #[schema(default = false, example = true)]
    pub fit: bool,
    /// Their wages stand in the budget of their level.
    #[serde(default)]
    #[schema(default = false, example = true)]
    pub wages_budgeted: bool,
}

impl Staffing {
    /// The Civil Service Law is applied by reference to posts that were granted. People may work full time without
    /// one: how many there are is no fault.
    pub fn sound(&self) -> AppResult<()> {
        match self.managed_by_reference && self.establishment.0 == 0 {
            true => {
                let at = "/staffing/managed_by_reference";
                Err(AppError::field(at, Fault::NotFitting))
            }
            false => Ok(()),
        }
    }
}

/// The office, where all of it is known.
pub fn office(
    rank: Option<OfficeRank>,
    premises: Option<Premises>,
    equipped: Option<bool>,
    own_line: Option<bool>,
) -> Option<AssociationOffice> {
    Some(AssociationOffice {
        rank: rank?,
        premises: premises?,
        equipped: equipped?,
        own_line: own_line?,
    })
}

/// The staff, where all of it is known: posts and people, then how they are employed.
pub fn staffing(
    (establishment, full_time): (Option<i64>, Option<i64>),
    (by_reference, fit, budgeted): (Option<bool>, Option<bool>, Option<bool>),
) -> Option<Staffing> {
    Some(Staffing {
        establishment: Int(establishment?),
        full_time: Int(full_time?),
        managed_by_reference: by_reference?,
        fit: fit?,
        wages_budgeted: budgeted?,
    })
}

/// An association (计划生育协会).
#[derive(Debug, Serialize, ToSchema)]
pub struct Association {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub kind: AssociationKind,
    #[schema(value_type = Label, example = "建设街道计划生育协会")]
    pub title: String,
    /// What it stands under; null for the widest one here.
    pub parent_id: Option<Uid>,
    /// Its own area; of an enterprise, a market or migrants that of its seat.
    pub area: AreaCode,
    pub state: AssociationState,
    pub founded_on: Day,
    pub dissolved_on: Option<Day>,
    pub dissolved_because: Option<DissolutionReason>,
    /// Null where it has none, or nobody said.
    pub office: Option<AssociationOffice>,
    pub staffing: Option<Staffing>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of associations.
    AssociationPage of Association
}

impl Tagged for Association {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(row: AssociationRow) -> AppResult<Association> {
    let office = office(
        row.office_rank,
        row.office_premises,
        row.office_equipped,
        row.office_own_line,
    );
    let staffing = staffing(
        (row.staff_establishment, row.staff_full_time),
        (
            row.staff_by_reference,
            row.staff_fit,
            row.staff_wages_budgeted,
        ),
    );
    Ok(Association {
        state: row.state(),
        id: row.id,
        version: row.version,
        kind: row.kind,
        title: row.title,
        parent_id: row.parent_id,
        area: code(row.area_code)?,
        founded_on: row.founded_on,
        dissolved_on: row.dissolved_on,
        dissolved_because: row.dissolved_because,
        office,
        staffing,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

pub fn code(text: String) -> AppResult<AreaCode> {
    AreaCode::stored(text)
}
