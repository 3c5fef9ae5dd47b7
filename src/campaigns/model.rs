//! Rows of festivals and campaigns, and the words they are coded in.

use diesel::prelude::*;

use super::machine::CampaignState;
use super::plan::{LatePolicy, PlannedReminder};
use super::texts::ReminderText;
use crate::auth::policy::Role;
use crate::auth::{Place, Placed};
use crate::db::schema::{campaign_reminders, campaigns, festivals};
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What a campaign is about.
    CampaignTheme {
        MembersDay = "members_day",
        HealthEducation = "health_education",
        FamilySupport = "family_support",
        InsurancePublicity = "insurance_publicity",
        MigrantServices = "migrant_services",
        RightsProtection = "rights_protection",
        AssociationWork = "association_work",
        Other = "other",
    }
}
text_enum! {
    /// Where a reminder stands. `skipped`: it was too late by the campaign's policy.
    ReminderState {
        Planned = "planned",
        Sending = "sending",
        Sent = "sent",
        Skipped = "skipped",
        Cancelled = "cancelled",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = festivals, treat_none_as_default_value = false)]
pub struct FestivalRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    /// The text form of a `DayRule`.
    pub rule: String,
    pub built_in: bool,
    pub enabled: bool,
    pub created_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaigns, treat_none_as_default_value = false)]
pub struct CampaignRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub state: CampaignState,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub area_code: String,
    pub festival_id: Option<Uid>,
    pub starts_on: Day,
    pub ends_on: Day,
    pub zone: String,
    pub theme: CampaignTheme,
    pub title: String,
    pub goals: Option<String>,
    /// Codes of areas, each inside the organiser's own.
    pub audience_areas: Json<Vec<String>>,
    pub audience_roles: Json<Vec<Role>>,
    pub message_zh: Json<ReminderText>,
    pub message_en: Json<ReminderText>,
    pub reminder_plan: Json<Vec<PlannedReminder>>,
    pub late_policy: LatePolicy,
    pub created_by: Uid,
    /// Who changed it last: like its author, they do not approve it.
    pub amended_by: Option<Uid>,
    pub approved_by: Option<Uid>,
    pub approved_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl CampaignRow {
    /// Whether somebody wrote what another person is to approve.
    pub fn written_by(&self, user: Uid) -> bool {
        self.created_by == user || self.amended_by == Some(user)
    }
}

impl Placed for CampaignRow {
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
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_reminders, treat_none_as_default_value = false)]
pub struct ReminderRow {
    pub id: Uid,
    pub campaign_id: Uid,
    pub ordinal: i64,
    pub due_at: Micros,
    pub expires_at: Micros,
    pub state: ReminderState,
    /// The last recipient of a run that goes on.
    pub reached: Option<Uid>,
    pub started_at: Option<Micros>,
    pub ended_at: Option<Micros>,
}
