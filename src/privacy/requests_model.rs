//! What people may ask about the data held of them, in words and rows.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::privacy_requests;
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What is asked: to see, to be given a copy, to be corrected, to be erased, to be kept out of use.
    RequestKind {
        Access = "access",
        Export = "export",
        Correction = "correction",
        Erasure = "erasure",
        Restriction = "restriction",
    }
}
text_enum! {
    /// Who asks.
    AskedBy { SelfAsked = "self", Guardian = "guardian", RelativeOfDeceased = "relative_of_deceased" }
}
text_enum! {
    /// How it was asked.
    RequestChannel { Receipt = "receipt", InPerson = "in_person", Phone = "phone" }
}
text_enum! {
    /// How a worker was asked.
    StaffRequestChannel { InPerson = "in_person", Phone = "phone" }
}
text_enum! {
    /// Where a request stands.
    RequestState { Asked = "asked", Accepted = "accepted", Done = "done", Refused = "refused" }
}
text_enum! {
    /// What of the record is wrong.
    CorrectionField {
        Name = "name",
        Sex = "sex",
        BirthYear = "birth_year",
        Phone = "phone",
        Document = "document",
        Address = "address",
        Area = "area",
        Household = "household",
        HomeArea = "home_area",
        ArrivedOn = "arrived_on",
        Employer = "employer",
        Needs = "needs",
        Language = "language",
        ContactHours = "contact_hours",
        Other = "other",
    }
}
text_enum! {
    /// Why a request is refused.
    RefusalReason {
        NotIdentified = "not_identified",
        LawRequiresKeeping = "law_requires_keeping",
        NotHeld = "not_held",
        RightsOfOthers = "rights_of_others",
        AskedBefore = "asked_before",
        Other = "other",
    }
}
text_enum! {
    /// How a date stands: far, three days or fewer away, past, or kept.
    Standing { OnTime = "on_time", DueSoon = "due_soon", Overdue = "overdue", Answered = "answered" }
}

/// How many days before its date something is due soon.
const SOON: i32 = 3;

impl Standing {
    pub fn of(due: Day, open: bool, today: jiff::civil::Date) -> Standing {
        let left = due
            .0
            .since((jiff::Unit::Day, today))
            .map_or(0, |span| span.get_days());
        match (open, left) {
            (false, _) => Standing::Answered,
            (true, ..0) => Standing::Overdue,
            (true, 0..=SOON) => Standing::DueSoon,
            _ => Standing::OnTime,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = privacy_requests, treat_none_as_default_value = false)]
pub struct RequestRow {
    pub id: Uid,
    pub version: i64,
    pub person_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub kind: RequestKind,
    pub asked_by: AskedBy,
    pub channel: RequestChannel,
    pub fields: Json<Vec<CorrectionField>>,
    pub told: Option<Vec<u8>>,
    pub state: RequestState,
    pub due_on: Day,
    /// The working days on the way are not all published yet.
    pub due_provisional: bool,
    pub refusal: Option<RefusalReason>,
    pub refusal_note: Option<Vec<u8>>,
    /// Nobody where it came by receipt.
    pub registered_by: Option<Uid>,
    pub assignee: Option<Uid>,
    pub asked_at: Micros,
    pub accepted_at: Option<Micros>,
    pub accepted_by: Option<Uid>,
    pub answered_at: Option<Micros>,
    pub answered_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl RequestRow {
    pub fn open(&self) -> bool {
        matches!(self.state, RequestState::Asked | RequestState::Accepted)
    }
}

impl Placed for RequestRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [self.registered_by, self.assignee]
    }
}
