//! Rows and words of concerns.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::concerns;
use crate::db::{Day, Micros, Uid};
use crate::rights_requests::model::RightsBody;
use crate::text_enum;
use crate::visits::model::{OpinionTopic, VoicedNeed};

text_enum! {
    /// Where a concern stands.
    ConcernState { Open = "open", Referred = "referred", Answered = "answered" }
}

text_enum! {
    /// The newest first, or those whose answer is owed soonest.
    ConcernOrder { Newest = "newest", Due = "due" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = concerns, treat_none_as_default_value = false)]
pub struct ConcernRow {
    pub id: Uid,
    pub version: i64,
    pub visit_id: Uid,
    /// The opinion that it is, as the visit held it when it was submitted.
    pub opinion_id: Option<Uid>,
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_code: String,
    /// The author of the visit.
    pub registered_by: Uid,
    /// The household's worker.
    pub assignee: Option<Uid>,
    /// One of both: an opinion has a topic and a text, a need is a word.
    pub topic: Option<OpinionTopic>,
    pub need: Option<VoicedNeed>,
    pub told: Option<Vec<u8>>,
    /// The day of the visit.
    pub voiced_on: Day,
    pub state: ConcernState,
    pub due_on: Day,
    /// The working days on the way are not all published yet.
    pub due_provisional: bool,
    pub referred_to: Option<RightsBody>,
    pub referred_office: Option<Vec<u8>>,
    pub referred_on: Option<Day>,
    pub referred_by: Option<Uid>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl ConcernRow {
    pub fn open(&self) -> bool {
        self.state != ConcernState::Answered
    }
}

impl Placed for ConcernRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.registered_by), self.assignee]
    }
}
