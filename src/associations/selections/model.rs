//! Rows and words of selections, nominations and objections.

use diesel::prelude::*;

use crate::auth::{Leads, Place, Placed};
use crate::db::schema::{nominations, objections, selections};
use crate::db::{Day, Json, Micros, Uid};
use crate::people::model::{PersonRow, StaffChannel};
use crate::text_enum;

text_enum! {
    /// Of what the best are selected.
    SelectionCategory {
        Associations = "associations",
        Members = "members",
        Presidents = "presidents",
    }
}
text_enum! {
    /// Where a selection stands: nominees are named, they are public, it is decided, it does not take place.
    SelectionState {
        Nominating = "nominating",
        Published = "published",
        Decided = "decided",
        Cancelled = "cancelled",
    }
}
text_enum! {
    /// Who decided on a selection.
    SelectionBody { Council = "council", LeadingGroup = "leading_group", Government = "government" }
}
text_enum! {
    /// Why a selection does not take place.
    SelectionCancelReason { Mistaken = "mistaken", NoNominees = "no_nominees", Postponed = "postponed" }
}
text_enum! {
    /// Where a nomination stands: the nominee was not asked yet, agreed, wants out; was taken out after an objection;
    /// was selected, or was not.
    NominationState {
        Proposed = "proposed",
        Agreed = "agreed",
        Withdrawn = "withdrawn",
        Excluded = "excluded",
        Selected = "selected",
        NotSelected = "not_selected",
    }
}
text_enum! {
    /// Why somebody is nominated.
    NominationReason {
        Activities = "activities",
        Care = "care",
        Insurance = "insurance",
        MemberHome = "member_home",
        SelfGovernance = "self_governance",
        FloatingPopulation = "floating_population",
        Publicity = "publicity",
        Volunteering = "volunteering",
        LongService = "long_service",
        Other = "other",
    }
}
text_enum! {
    /// What an objection is about.
    ObjectionTopic {
        Facts = "facts",
        Eligibility = "eligibility",
        Procedure = "procedure",
        Other = "other",
    }
}
text_enum! {
    /// Whether an objection was answered.
    ObjectionState { Open = "open", Answered = "answered" }
}
text_enum! {
    /// What became of an objection.
    ObjectionOutcome { Upheld = "upheld", Dismissed = "dismissed" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = selections, treat_none_as_default_value = false)]
pub struct SelectionRow {
    pub id: Uid,
    pub version: i64,
    /// The association that selects.
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub year: i64,
    pub category: SelectionCategory,
    /// How many are selected at most.
    pub places: i64,
    pub state: SelectionState,
    pub publicity_from: Option<Day>,
    /// The last day.
    pub publicity_to: Option<Day>,
    pub decided_on: Option<Day>,
    pub decided_by: Option<SelectionBody>,
    pub cancelled_because: Option<SelectionCancelReason>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for SelectionRow {
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
#[diesel(table_name = nominations, treat_none_as_default_value = false)]
pub struct NominationRow {
    pub id: Uid,
    pub version: i64,
    pub selection_id: Uid,
    /// Who is nominated, or whose member or president is.
    pub association_id: Uid,
    pub area_id: Uid,
    /// Nobody of an association, and of somebody who no longer agrees to be known.
    pub person_id: Option<Uid>,
    pub reasons: Json<Vec<NominationReason>>,
    pub state: NominationState,
    pub agreed_on: Option<Day>,
    pub agreed_channel: Option<StaffChannel>,
    pub settled_on: Option<Day>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Leads<NominationRow> for SelectionRow {
    fn leads_to(&self, nomination: &NominationRow) -> bool {
        nomination.selection_id == self.id
    }
}

impl Leads<PersonRow> for NominationRow {
    fn leads_to(&self, person: &PersonRow) -> bool {
        self.person_id == Some(person.id)
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = objections, treat_none_as_default_value = false)]
pub struct ObjectionRow {
    pub id: Uid,
    pub version: i64,
    pub selection_id: Uid,
    /// Against whom; nobody where it is against the selection itself.
    pub nomination_id: Option<Uid>,
    pub topic: ObjectionTopic,
    pub told: Option<Vec<u8>>,
    pub raised_on: Day,
    pub state: ObjectionState,
    pub answered_on: Option<Day>,
    pub outcome: Option<ObjectionOutcome>,
    pub answer: Option<Vec<u8>>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Leads<ObjectionRow> for SelectionRow {
    fn leads_to(&self, objection: &ObjectionRow) -> bool {
        objection.selection_id == self.id
    }
}
