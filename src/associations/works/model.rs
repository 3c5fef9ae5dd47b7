//! Rows and words of what associations did.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::association_works;
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What was done: the year's work deployed (部署), inspected (检查), assessed (考核), groups and people commended
    /// (表彰), members trained (培训), a "two for two" activity (两为两争), the public told of the association's work.
    WorkKind {
        Deployment = "deployment",
        Inspection = "inspection",
        Assessment = "assessment",
        Commendation = "commendation",
        Training = "training",
        TwoForTwo = "two_for_two",
        Publicity = "publicity",
    }
}
text_enum! {
    /// By which way the public was told.
    PublicityChannel {
        Radio = "radio",
        Television = "television",
        Newspaper = "newspaper",
        Internet = "internet",
        NoticeBoard = "notice_board",
    }
}
text_enum! {
    /// Whether it counts.
    WorkState { Recorded = "recorded", Cancelled = "cancelled" }
}
text_enum! {
    /// Why it does not.
    WorkCancelReason { Mistaken = "mistaken", Duplicate = "duplicate", DidNotHappen = "did_not_happen" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = association_works, treat_none_as_default_value = false)]
pub struct WorkRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub kind: WorkKind,
    pub title: String,
    pub held_on: Day,
    pub participants: Option<i64>,
    pub hours: Option<i64>,
    pub groups_commended: Option<i64>,
    pub people_commended: Option<i64>,
    pub channel: Option<PublicityChannel>,
    pub outlet: Option<String>,
    pub link: Option<String>,
    pub cancelled_because: Option<WorkCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl WorkRow {
    pub fn state(&self) -> WorkState {
        match self.cancelled_at {
            None => WorkState::Recorded,
            Some(_) => WorkState::Cancelled,
        }
    }
}

impl Placed for WorkRow {
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
