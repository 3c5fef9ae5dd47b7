//! Rows and words of studies and action items.

use diesel::prelude::*;

use crate::associations::posts::model::PostKind;
use crate::auth::{Place, Placed};
use crate::db::schema::{action_items, studies};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// A dedicated study of the association's work (专题研究), or a field investigation (专题调研).
    StudyKind { DedicatedStudy = "dedicated_study", FieldInvestigation = "field_investigation" }
}
text_enum! {
    /// Who led it.
    StudyLead {
        PartyCommittee = "party_committee",
        Government = "government",
        PartyAndGovernment = "party_and_government",
        MainLeader = "main_leader",
        OtherLeader = "other_leader",
    }
}
text_enum! {
    /// What it was about.
    StudyTopic {
        Organisation = "organisation",
        Staffing = "staffing",
        Funds = "funds",
        Care = "care",
        Insurance = "insurance",
        FloatingPopulation = "floating_population",
        SelfGovernance = "self_governance",
        Publicity = "publicity",
        Other = "other",
    }
}
text_enum! {
    /// Where an action item stands.
    ItemState { Open = "open", Closed = "closed", Explained = "explained" }
}
text_enum! {
    /// Why a problem was not solved.
    ItemReason {
        FundsMissing = "funds_missing",
        StaffMissing = "staff_missing",
        OtherOffice = "other_office",
        NeedsMoreTime = "needs_more_time",
        NoLongerApplies = "no_longer_applies",
        Other = "other",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = studies, treat_none_as_default_value = false)]
pub struct StudyRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub kind: StudyKind,
    pub led_by: StudyLead,
    pub topic: StudyTopic,
    pub held_on: Day,
    pub findings: Option<Vec<u8>>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for StudyRow {
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
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = action_items, treat_none_as_default_value = false)]
pub struct ItemRow {
    pub id: Uid,
    pub version: i64,
    pub study_id: Uid,
    /// The association whose post owns it.
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub owner_post: PostKind,
    pub problem: Vec<u8>,
    pub raised_on: Day,
    pub due_on: Day,
    pub state: ItemState,
    pub settled_on: Option<Day>,
    pub reason: Option<ItemReason>,
    pub outcome: Option<Vec<u8>>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for ItemRow {
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
}
