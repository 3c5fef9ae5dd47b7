//! Rows of residents and their stays.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::{residence_episodes, residents};
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Why somebody came.
    StayReason { Work = "work", Study = "study", Family = "family", Business = "business", Other = "other" }
}
text_enum! {
    /// Why somebody left.
    DepartureReason {
        ReturnedHome = "returned_home",
        MovedElsewhere = "moved_elsewhere",
        WorkEnded = "work_ended",
        StudyEnded = "study_ended",
        Other = "other",
    }
}
text_enum! {
    /// How long somebody means to stay.
    ExpectedStay {
        UnderOneMonth = "under_one_month",
        OneToSixMonths = "one_to_six_months",
        SixToTwelveMonths = "six_to_twelve_months",
        OverOneYear = "over_one_year",
        Unknown = "unknown",
    }
}
text_enum! {
    /// A service of the catalogue, as far as anybody's record says: the same that local residents have, free of
    /// charge. A health service is `health` and nothing more; phones of before name one, and it is taken as that.
    Need {
        #[serde(
            alias = "health_record",
            alias = "health_education",
            alias = "child_vaccination",
            alias = "infectious_disease_prevention",
            alias = "health_advice"
        )]
        Health = "health",
        Schooling = "schooling",
        Employment = "employment",
        LegalAid = "legal_aid",
        InsuranceGuidance = "insurance_guidance",
        CultureAndSport = "culture_and_sport",
    }
}
impl Need {
    /// Each once, in the order in which they were named.
    pub fn once(named: &[Need]) -> Vec<Need> {
        let mut once = Vec::with_capacity(named.len().min(Need::ALL.len()));
        for need in named {
            if !once.contains(need) {
                once.push(*need);
            }
        }
        once
    }
}
text_enum! {
    /// Whether a resident's registration stands.
    ResidentState { Active = "active", Left = "left", Restricted = "restricted", Erased = "erased" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = residents, treat_none_as_default_value = false)]
pub struct ResidentRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub person_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub assignee: Option<Uid>,
    pub registered_by: Uid,
    pub home_area_id: Option<Uid>,
    pub home_area_code: Option<String>,
    pub arrived_on: Day,
    pub expected_stay: ExpectedStay,
    pub reason: StayReason,
    pub employer: Option<Vec<u8>>,
    pub needs: Json<Vec<Need>>,
    pub state: ResidentState,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// The registration of the same person that stands for this one.
    pub merged_into: Option<Uid>,
}

impl Placed for ResidentRow {
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

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = residence_episodes, treat_none_as_default_value = false)]
pub struct EpisodeRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub resident_id: Uid,
    pub person_id: Uid,
    pub area_id: Uid,
    pub area_code: String,
    pub address: Option<Vec<u8>>,
    pub from_day: Day,
    pub to_day: Option<Day>,
    pub reason: StayReason,
    /// Why it ended, where the person left the area for good.
    pub left_reason: Option<DepartureReason>,
    pub created_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}
