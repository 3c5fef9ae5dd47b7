//! Rows and words of what villages made public.

use diesel::prelude::*;

use crate::db::schema::village_disclosures;
use crate::db::{Day, Json, Micros, Uid};
use crate::of_a_village;
use crate::self_governance::village::GovernanceCancelReason;
use crate::text_enum;
use crate::visits::model::PhotoSlot;

text_enum! {
    /// What is made public: a charter, agreement or contract, a deliberation, a decision, work, a check; or funds or
    /// services at large.
    DisclosureSubject {
        Text = "text",
        Deliberation = "deliberation",
        Decision = "decision",
        Implementation = "implementation",
        Check = "check",
        Funds = "funds",
        Services = "services",
    }
}
text_enum! {
    /// Where it is posted.
    DisclosureBoard {
        NoticeBoard = "notice_board",
        VillageOffice = "village_office",
        Meeting = "meeting",
        Broadcast = "broadcast",
        Website = "website",
        GroupMessage = "group_message",
    }
}
text_enum! {
    /// Whether it is posted still.
    VillageDisclosureState { Posted = "posted", Removed = "removed", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_disclosures, treat_none_as_default_value = false)]
pub struct DisclosureRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub subject: DisclosureSubject,
    pub text_id: Option<Uid>,
    pub deliberation_id: Option<Uid>,
    pub decision_id: Option<Uid>,
    pub implementation_id: Option<Uid>,
    pub check_id: Option<Uid>,
    pub title: String,
    pub board: DisclosureBoard,
    pub spot: Option<String>,
    pub posted_from: Day,
    pub posted_until: Option<Day>,
    pub evidence: Option<Json<PhotoSlot>>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl DisclosureRow {
    /// As it stands on a day.
    pub fn state(&self, today: jiff::civil::Date) -> VillageDisclosureState {
        match (self.cancelled_at, self.posted_until) {
            (Some(_), _) => VillageDisclosureState::Cancelled,
            (None, Some(last)) if last.0 < today => VillageDisclosureState::Removed,
            (None, _) => VillageDisclosureState::Posted,
        }
    }

    /// The record that it makes public.
    pub fn subject_id(&self) -> Option<Uid> {
        self.text_id
            .or(self.deliberation_id)
            .or(self.decision_id)
            .or(self.implementation_id)
            .or(self.check_id)
    }
}

of_a_village!(DisclosureRow);
