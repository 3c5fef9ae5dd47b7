//! Rows and words of opinions of a village.

use diesel::prelude::*;

use crate::db::schema::village_opinions;
use crate::db::{Day, Micros, Uid};
use crate::of_a_village;
use crate::rights_requests::model::RightsBody;
use crate::text_enum;
use crate::visits::model::OpinionTopic;

text_enum! {
    /// Where an opinion stands.
    VillageOpinionState { Open = "open", Referred = "referred", Answered = "answered" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = village_opinions, treat_none_as_default_value = false)]
pub struct OpinionRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    /// The deliberation in which it was voiced.
    pub deliberation_id: Option<Uid>,
    pub topic: OpinionTopic,
    pub told: Option<Vec<u8>>,
    pub voiced_on: Day,
    pub state: VillageOpinionState,
    pub due_on: Day,
    /// The working days on the way are not all published yet.
    pub due_provisional: bool,
    pub referred_to: Option<RightsBody>,
    pub referred_on: Option<Day>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl OpinionRow {
    pub fn open(&self) -> bool {
        self.state != VillageOpinionState::Answered
    }
}

of_a_village!(OpinionRow);
