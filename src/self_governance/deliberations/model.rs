//! Rows and words of deliberations and what was decided.

use diesel::prelude::*;

use crate::db::schema::{deliberation_parts, deliberations, village_decisions};
use crate::db::{Day, Json, Micros, Uid};
use crate::of_a_village;
use crate::self_governance::village::GovernanceCancelReason;
use crate::text_enum;
use crate::visits::model::PhotoSlot;

text_enum! {
    /// What is deliberated.
    DeliberationTopic {
        Charter = "charter",
        VillageAgreement = "village_agreement",
        Services = "services",
        Care = "care",
        Funds = "funds",
        Facilities = "facilities",
        Environment = "environment",
        Migrants = "migrants",
        Other = "other",
    }
}
text_enum! {
    /// Who deliberates: all villagers, their representatives, the members of the association, or a council.
    DeliberationForm {
        VillagersAssembly = "villagers_assembly",
        RepresentativesAssembly = "representatives_assembly",
        MembersAssembly = "members_assembly",
        Council = "council",
    }
}
text_enum! {
    /// Where a deliberation stands.
    DeliberationState { Announced = "announced", Held = "held", Cancelled = "cancelled" }
}
text_enum! {
    /// When people took part: before a deliberation, in it, after it (事前、事中、事后).
    PartStage { Before = "before", During = "during", After = "after" }
}
text_enum! {
    /// In which way. Before: told what it will be about, asked, made a proposal. During: were there, spoke, voted.
    /// After: were told what was decided, looked whether it was done, appraised it.
    PartWay {
        Notice = "notice",
        Consultation = "consultation",
        Proposal = "proposal",
        Attendance = "attendance",
        Discussion = "discussion",
        Vote = "vote",
        Information = "information",
        Oversight = "oversight",
        Appraisal = "appraisal",
    }
}
text_enum! {
    /// What became of a motion.
    DecisionResult { Adopted = "adopted", Rejected = "rejected", Postponed = "postponed" }
}
text_enum! {
    /// Whether a decision counts.
    VillageDecisionState { Decided = "decided", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = deliberations, treat_none_as_default_value = false)]
pub struct DeliberationRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    /// The charter under which it is held; nothing where it is about the first one.
    pub charter_id: Option<Uid>,
    pub topic: DeliberationTopic,
    pub title: String,
    pub form: DeliberationForm,
    pub state: DeliberationState,
    pub announced_on: Day,
    pub held_on: Option<Day>,
    pub participants: Option<i64>,
    pub evidence: Option<Json<PhotoSlot>>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// A way in which people took part in a deliberation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = deliberation_parts, treat_none_as_default_value = false)]
pub struct PartRow {
    pub id: Uid,
    pub deliberation_id: Uid,
    pub stage: PartStage,
    pub way: PartWay,
    pub on_day: Day,
    pub participants: i64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_decisions, treat_none_as_default_value = false)]
pub struct DecisionRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub deliberation_id: Uid,
    pub title: String,
    pub result: DecisionResult,
    pub decided_on: Day,
    pub votes_for: Option<i64>,
    pub votes_against: Option<i64>,
    pub votes_abstained: Option<i64>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl DecisionRow {
    pub fn state(&self) -> VillageDecisionState {
        match self.cancelled_at {
            None => VillageDecisionState::Decided,
            Some(_) => VillageDecisionState::Cancelled,
        }
    }
}

of_a_village!(DeliberationRow, DecisionRow);
