//! Rows and words of services.

use diesel::prelude::*;

use crate::db::schema::{service_kinds, service_tally, services};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

pub use super::machine::{ServiceState, ServiceStep};

text_enum! {
    /// What was offered, as far as a person's record says: the words of `Need`, and no older ones.
    ServiceKind {
        Health = "health",
        Schooling = "schooling",
        Employment = "employment",
        LegalAid = "legal_aid",
        InsuranceGuidance = "insurance_guidance",
        CultureAndSport = "culture_and_sport",
    }
}
text_enum! {
    /// Which health service it was: counted in the tally of the quarter and kept nowhere else.
    HealthKind {
        HealthRecord = "health_record",
        HealthEducation = "health_education",
        ChildVaccination = "child_vaccination",
        InfectiousDiseasePrevention = "infectious_disease_prevention",
        MaternalAndChildHealth = "maternal_and_child_health",
        ReproductiveHealthAdvice = "reproductive_health_advice",
    }
}
text_enum! {
    /// To what sort of provider somebody was referred.
    ProviderKind {
        HealthFacility = "health_facility",
        School = "school",
        EmploymentService = "employment_service",
        LegalAidCentre = "legal_aid_centre",
        Insurer = "insurer",
        CulturalCentre = "cultural_centre",
        PublicOffice = "public_office",
        SocialOrganisation = "social_organisation",
        Other = "other",
    }
}
text_enum! {
    /// What the tally counts.
    Tallied { Offered = "offered", Accepted = "accepted", Declined = "declined", Delivered = "delivered" }
}

/// A kind of the catalogue.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = service_kinds)]
pub struct KindRow {
    pub kind: String,
    pub health: bool,
    pub label_zh: String,
    pub label_en: String,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = services, treat_none_as_default_value = false)]
pub struct ServiceRow {
    pub id: Uid,
    pub version: i64,
    pub resident_id: Uid,
    pub person_id: Uid,
    pub kind: ServiceKind,
    pub state: ServiceState,
    pub offered_on: Day,
    pub provider: Option<ProviderKind>,
    pub provider_contact: Option<Vec<u8>>,
    /// For whom the contact was sealed, when the row names another since a merge.
    pub sealed_as: Option<Uid>,
    pub delivered_on: Option<Day>,
    pub follow_up_on: Option<Day>,
    pub recorded_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// A cell of the tally.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_tally, treat_none_as_default_value = false)]
pub struct TallyRow {
    pub area_id: Uid,
    pub quarter: String,
    pub kind: String,
    pub what: Tallied,
    pub count: i64,
}
