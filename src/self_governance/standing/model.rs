//! Rows and words of what makes a village qualified, and of what people decided.

use diesel::prelude::*;

use crate::db::schema::{
    self_governance_criteria, self_governance_criteria_sets, village_confirmations,
};
use crate::db::{Day, Json, Micros, Uid};
use crate::of_a_village;
use crate::text_enum;

text_enum! {
    /// What can be counted of a village's year: texts that are in force on its last day, and filed with the township;
    /// deliberations held, decisions adopted, work done, checks made, postings; ways of taking part before, during and
    /// after deliberations that were held; opinions of the village, and of its member homes, that were answered; and
    /// that members took the lead.
    GovernanceFact {
        CharterInForce = "charter_in_force",
        AgreementInForce = "agreement_in_force",
        ContractInForce = "contract_in_force",
        TextFiled = "text_filed",
        DeliberationHeld = "deliberation_held",
        DecisionAdopted = "decision_adopted",
        ImplementationDone = "implementation_done",
        CheckMade = "check_made",
        DisclosurePosted = "disclosure_posted",
        PartBefore = "part_before",
        PartDuring = "part_during",
        PartAfter = "part_after",
        OpinionAnswered = "opinion_answered",
        HomeOpinionAnswered = "home_opinion_answered",
        LeadTaken = "lead_taken",
    }
}
text_enum! {
    /// Why people decided otherwise than was counted.
    ConfirmationReason {
        EvidenceElsewhere = "evidence_elsewhere",
        RecordsIncomplete = "records_incomplete",
        OnPaperOnly = "on_paper_only",
        ObjectionUpheld = "objection_upheld",
        TextUnlawful = "text_unlawful",
        VillageMerged = "village_merged",
        Other = "other",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = self_governance_criteria_sets, treat_none_as_default_value = false)]
pub struct SetRow {
    /// The first year for which it holds.
    pub year: i64,
    pub version: i64,
    pub assumed: bool,
    /// Nobody, where it came with the program.
    pub updated_by: Option<Uid>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = self_governance_criteria, treat_none_as_default_value = false)]
pub struct CriterionRow {
    pub year: i64,
    pub ordinal: i64,
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    pub fact: GovernanceFact,
    pub least: i64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_confirmations, treat_none_as_default_value = false)]
pub struct ConfirmationRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub year: i64,
    /// The newest holds.
    pub revision: i64,
    /// As people decided.
    pub qualified: bool,
    /// As it was counted when they did.
    pub counted: bool,
    /// By the criteria of this year.
    pub criteria_year: i64,
    pub reasons: Json<Vec<ConfirmationReason>>,
    pub note: Option<Vec<u8>>,
    pub decided_on: Day,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

of_a_village!(ConfirmationRow);
