//! Rows of people and their consents.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::{consent_texts, consents, persons};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Sex as in GB/T 2261.1.
    Sex { Male = "male", Female = "female", Unknown = "unknown", Unspecified = "unspecified" }
}
text_enum! {
    /// What a consent is for. Each is asked for, given and withdrawn by itself.
    Purpose {
        Registration = "registration",
        ServiceFollowUp = "service_follow_up",
        LiaisonWithHomeArea = "liaison_with_home_area",
        Insurance = "insurance",
        SensitiveDocuments = "sensitive_documents",
        CareSupport = "care_support",
        Membership = "membership",
        Photos = "photos",
    }
}
text_enum! {
    /// How a consent was given or withdrawn; `receipt` is by the person themselves, with nobody of the staff beside.
    ConsentChannel { InPerson = "in_person", Phone = "phone", App = "app", Receipt = "receipt" }
}
text_enum! {
    /// How somebody told a worker that they consent or no longer do.
    StaffChannel { InPerson = "in_person", Phone = "phone", App = "app" }
}

impl From<StaffChannel> for ConsentChannel {
    fn from(told: StaffChannel) -> ConsentChannel {
        match told {
            StaffChannel::InPerson => ConsentChannel::InPerson,
            StaffChannel::Phone => ConsentChannel::Phone,
            StaffChannel::App => ConsentChannel::App,
        }
    }
}

/// What staff may say of a consent's way: a receipt is its holder's alone.
pub fn told_to_staff<'de, D: serde::Deserializer<'de>>(d: D) -> Result<ConsentChannel, D::Error> {
    <StaffChannel as serde::Deserialize>::deserialize(d).map(ConsentChannel::from)
}
text_enum! {
    /// Who gave it: the person, or a guardian for those under fourteen.
    GivenBy { SelfGiven = "self", Guardian = "guardian" }
}
text_enum! {
    /// The language a text was shown in.
    TextLanguage { ZhCn = "zh-CN", En = "en" }
}
text_enum! {
    /// Whether a person's data may be used.
    PersonState { Active = "active", Restricted = "restricted", Erased = "erased", Merged = "merged" }
}
text_enum! {
    /// The kind of an identity document.
    DocumentType {
        ResidentId = "resident_id",
        HkMoTwResidencePermit = "hk_mo_tw_residence_permit",
        ForeignPermanentOld = "foreign_permanent_resident_old",
        ForeignPermanentNew = "foreign_permanent_resident_new",
        HkMoTravelPermit = "hk_mo_travel_permit",
        TaiwanTravelPermit = "taiwan_travel_permit",
        Passport = "passport",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = persons, treat_none_as_default_value = false)]
pub struct PersonRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub area_code: String,
    pub household_id: Option<Uid>,
    pub data_key: Vec<u8>,
    pub name: Vec<u8>,
    pub phone: Option<Vec<u8>>,
    pub phone_index: Option<Vec<u8>>,
    pub address: Option<Vec<u8>>,
    pub document_kind: Option<DocumentType>,
    pub document: Option<Vec<u8>>,
    pub document_index: Option<Vec<u8>>,
    pub sex: Sex,
    pub birth_year: Option<i64>,
    pub language: Option<String>,
    pub contact_hours: Option<String>,
    pub state: PersonState,
    pub merged_into: Option<Uid>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for PersonRow {
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
#[diesel(table_name = consents, treat_none_as_default_value = false)]
pub struct ConsentRow {
    pub id: Uid,
    pub version: i64,
    pub person_id: Uid,
    pub purpose: Purpose,
    pub text_version: i64,
    pub language: TextLanguage,
    pub channel: ConsentChannel,
    pub given_by: GivenBy,
    pub given_at: Micros,
    /// Nobody where the person gave it by their own receipt.
    pub witnessed_by: Option<Uid>,
    pub withdrawn_at: Option<Micros>,
    pub withdrawn_channel: Option<ConsentChannel>,
    pub withdrawal_recorded_by: Option<Uid>,
    /// They were asked and said no: never alive, and remembered so that nobody asks again and again.
    pub refused: bool,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_texts, treat_none_as_default_value = false)]
pub struct ConsentTextRow {
    pub purpose: Purpose,
    pub text_version: i64,
    pub language: TextLanguage,
    pub purpose_text: String,
    pub manner_text: String,
    pub kinds_text: String,
    pub recipient_text: String,
    pub in_force_from: Day,
}
