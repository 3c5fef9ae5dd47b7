//! Rows and words of rights requests.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::rights_requests;
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What the right is about.
    RightsTopic {
        Wages = "wages",
        Schooling = "schooling",
        Housing = "housing",
        HealthServiceAccess = "health_service_access",
        LegalAid = "legal_aid",
        Discrimination = "discrimination",
        Other = "other",
    }
}
text_enum! {
    /// Whose matter it is.
    RightsBody {
        LabourInspection = "labour_inspection",
        EducationOffice = "education_office",
        HousingOffice = "housing_office",
        HealthOffice = "health_office",
        LegalAidCentre = "legal_aid_centre",
        TradeUnion = "trade_union",
        WomensFederation = "womens_federation",
        CivilAffairs = "civil_affairs",
        HigherAssociation = "higher_association",
        Other = "other",
    }
}
text_enum! {
    /// Where a rights request stands.
    RightsState { Asked = "asked", Referred = "referred", Answered = "answered", Withdrawn = "withdrawn" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rights_requests, treat_none_as_default_value = false)]
pub struct RightsRow {
    pub id: Uid,
    pub version: i64,
    pub person_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub topic: RightsTopic,
    pub told: Option<Vec<u8>>,
    pub state: RightsState,
    pub asked_on: Day,
    pub due_on: Day,
    /// The working days on the way are not all published yet.
    pub due_provisional: bool,
    pub referred_to: Option<RightsBody>,
    pub referred_office: Option<Vec<u8>>,
    pub referred_on: Option<Day>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl RightsRow {
    pub fn open(&self) -> bool {
        matches!(self.state, RightsState::Asked | RightsState::Referred)
    }
}

impl Placed for RightsRow {
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
