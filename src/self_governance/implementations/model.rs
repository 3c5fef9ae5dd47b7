//! Rows and words of what is to be done, and of what was found.

use diesel::prelude::*;

use crate::associations::posts::model::PostKind;
use crate::associations::studies::model::ItemReason;
use crate::db::schema::{implementations, village_checks};
use crate::db::{Day, Micros, Uid};
use crate::of_a_village;
use crate::self_governance::village::GovernanceCancelReason;
use crate::text_enum;

text_enum! {
    /// Where it stands.
    ImplementationState { Open = "open", Done = "done", Explained = "explained", Cancelled = "cancelled" }
}
text_enum! {
    /// Who looked: the village's supervision committee (村务监督委员会), members of the association, villagers, the
    /// township, the county.
    CheckingBody {
        SupervisionCommittee = "supervision_committee",
        Members = "members",
        Villagers = "villagers",
        Township = "township",
        County = "county",
    }
}
text_enum! {
    /// What they found.
    CheckFinding { InOrder = "in_order", Incomplete = "incomplete", NotDone = "not_done" }
}
text_enum! {
    /// Whether a check counts.
    VillageCheckState { Made = "made", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = implementations, treat_none_as_default_value = false)]
pub struct ImplementationRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub decision_id: Uid,
    pub task: String,
    /// One of both owns it.
    pub owner_post: Option<PostKind>,
    pub owner_user_id: Option<Uid>,
    /// The day of the decision.
    pub begun_on: Day,
    pub due_on: Day,
    pub state: ImplementationState,
    pub settled_on: Option<Day>,
    /// Who said that it is done, and so does not check it.
    pub settled_by: Option<Uid>,
    pub reason: Option<ItemReason>,
    pub outcome: Option<Vec<u8>>,
    /// How often a check opened it again.
    pub reopened: i64,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_checks, treat_none_as_default_value = false)]
pub struct CheckRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub implementation_id: Uid,
    pub checked_on: Day,
    pub checked_by: CheckingBody,
    pub finding: CheckFinding,
    pub note: Option<Vec<u8>>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl CheckRow {
    pub fn state(&self) -> VillageCheckState {
        match self.cancelled_at {
            None => VillageCheckState::Made,
            Some(_) => VillageCheckState::Cancelled,
        }
    }
}

of_a_village!(ImplementationRow, CheckRow);
