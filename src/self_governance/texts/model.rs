//! Rows and words of charters, agreements and contracts.

use diesel::prelude::*;

use crate::db::schema::village_texts;
use crate::db::{Day, Json, Micros, Uid};
use crate::of_a_village;
use crate::text_enum;
use crate::visits::model::PhotoSlot;

text_enum! {
    /// What a village adopted: its charter of self-governance (章程), its agreement (村规民约), or a contract (合同).
    VillageTextKind { Charter = "charter", VillageAgreement = "village_agreement", Contract = "contract" }
}
text_enum! {
    /// Who adopted it.
    AdoptingBody {
        VillagersAssembly = "villagers_assembly",
        RepresentativesAssembly = "representatives_assembly",
        MembersAssembly = "members_assembly",
    }
}
text_enum! {
    /// Whether it is in force.
    VillageTextState { InForce = "in_force", Ended = "ended" }
}
text_enum! {
    /// Why it is not: a newer edition, a decision of the village, what the township found, or that there never was one.
    VillageTextEnd { Replaced = "replaced", Repealed = "repealed", Unlawful = "unlawful", Mistaken = "mistaken" }
}
text_enum! {
    /// Why it is not, as people say it.
    VillageTextEndReason { Repealed = "repealed", Unlawful = "unlawful", Mistaken = "mistaken" }
}

impl From<VillageTextEndReason> for VillageTextEnd {
    fn from(reason: VillageTextEndReason) -> VillageTextEnd {
        match reason {
            VillageTextEndReason::Repealed => VillageTextEnd::Repealed,
            VillageTextEndReason::Unlawful => VillageTextEnd::Unlawful,
            VillageTextEndReason::Mistaken => VillageTextEnd::Mistaken,
        }
    }
}

impl VillageTextKind {
    /// One of it is in force, and no more.
    pub fn is_single(self) -> bool {
        self != VillageTextKind::Contract
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_texts, treat_none_as_default_value = false)]
pub struct TextRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub kind: VillageTextKind,
    pub edition: i64,
    pub replaces_id: Option<Uid>,
    pub title: String,
    pub adopted_on: Day,
    pub adopted_by: AdoptingBody,
    /// The deliberation by which it was adopted.
    pub deliberation_id: Option<Uid>,
    /// When it was filed with the township.
    pub filed_on: Option<Day>,
    pub ended_on: Option<Day>,
    pub ended_because: Option<VillageTextEnd>,
    pub evidence: Option<Json<PhotoSlot>>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl TextRow {
    pub fn state(&self) -> VillageTextState {
        match self.ended_on {
            None => VillageTextState::InForce,
            Some(_) => VillageTextState::Ended,
        }
    }

    /// Whether it was in force on a day.
    pub fn holds_on(&self, day: Day) -> bool {
        self.adopted_on <= day
            && self.ended_on.is_none_or(|ended| ended > day)
            && self.ended_because != Some(VillageTextEnd::Mistaken)
    }
}

of_a_village!(TextRow);
