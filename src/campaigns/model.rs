//! Rows of festivals and campaigns, and the words they are coded in.

use diesel::prelude::*;

use super::audience::AudienceLimits;
use super::machine::CampaignState;
use super::means::Means;
use super::plan::{LatePolicy, PlannedReminder};
use super::texts::{Facts, ReminderText};
use crate::auth::policy::Role;
use crate::auth::{Place, Placed};
use crate::db::schema::{
    campaign_alarm_runs, campaign_alarms, campaign_reminders, campaign_templates, campaign_writers,
    campaigns, festivals,
};
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What a campaign is about.
    CampaignTheme {
        MembersDay = "members_day",
        HealthEducation = "health_education",
        ReproductiveHealth = "reproductive_health",
        HealthyBirthGuidance = "healthy_birth_guidance",
        FamilySupport = "family_support",
        InsurancePublicity = "insurance_publicity",
        MigrantServices = "migrant_services",
        RightsProtection = "rights_protection",
        PolicyInformation = "policy_information",
        AssociationWork = "association_work",
        Other = "other",
    }
}

impl CampaignTheme {
    /// As a text names it.
    pub fn label(self, zh: bool) -> &'static str {
        use CampaignTheme::*;
        let (in_chinese, in_english) = match self {
            MembersDay => ("会员活动日", "Members' Day"),
            HealthEducation => ("健康教育", "health education"),
            ReproductiveHealth => ("生殖健康咨询服务", "advice on reproductive health"),
            HealthyBirthGuidance => ("优生优育指导", "guidance for healthy families"),
            FamilySupport => ("计生家庭帮扶", "support of families"),
            InsurancePublicity => ("计生系列保险宣传", "insurance for families"),
            MigrantServices => ("流动人口服务", "services for migrants"),
            RightsProtection => ("权益维护", "protection of rights"),
            PolicyInformation => ("协会政策宣传", "policies of the association"),
            AssociationWork => ("协会工作", "work of the association"),
            Other => ("宣传活动", "publicity"),
        };
        if zh { in_chinese } else { in_english }
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
    /// Codes of areas, each inside the campaign's own.
    pub audience_areas: Json<Vec<String>>,
    pub audience_roles: Json<Vec<Role>>,
    pub message_zh: Json<ReminderText>,
    pub message_en: Json<ReminderText>,
    pub reminder_plan: Json<Vec<PlannedReminder>>,
    pub late_policy: LatePolicy,
    pub created_by: Uid,
    /// Who changed it last.
    pub amended_by: Option<Uid>,
    pub approved_by: Option<Uid>,
    pub approved_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// Where the words came from.
    pub template_id: Option<Uid>,
    pub means: Json<Means>,
    pub audience_limits: Json<AudienceLimits>,
}

impl CampaignRow {
    /// What its texts are filled with on a day.
    pub fn facts(&self, today: jiff::civil::Date) -> Facts<'_> {
        Facts {
            title: &self.title,
            theme: self.theme,
            day: self.starts_on.0,
            last_day: self.ends_on.0,
            today,
        }
    }
    /// Whether somebody wrote what another person is to approve: planned it, or is among those who changed it
    /// since the last approval.
    pub fn written_by(&self, user: Uid, writers: &[Writer]) -> bool {
        self.created_by == user || writers.iter().any(|w| w.user_id == user)
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

/// Somebody who wrote what waits for an approval, since the version they first wrote.
#[derive(Debug, Clone, Copy, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_writers)]
pub struct Writer {
    pub campaign_id: Uid,
    pub user_id: Uid,
    pub version: i64,
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
    /// To those alone who have not acknowledged.
    pub follow_up: bool,
    /// When the plan says, wherever `due_at` moved to.
    pub planned_at: Micros,
    /// So many days before this first day of the campaign; nothing for an instant that was named.
    pub of_day: Option<Day>,
    pub days_before: Option<i64>,
    /// Nobody is told twice of it.
    pub occurrence_id: Uid,
}

/// Words for reminders.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_templates, treat_none_as_default_value = false)]
pub struct TemplateRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub code: String,
    pub theme: CampaignTheme,
    pub message_zh: Json<ReminderText>,
    pub message_en: Json<ReminderText>,
    pub enabled: bool,
    pub created_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_alarms, treat_none_as_default_value = false)]
pub struct AlarmRow {
    pub id: Uid,
    pub version: i64,
    pub user_id: Uid,
    pub campaign_id: Uid,
    pub area_id: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_alarm_runs, treat_none_as_default_value = false)]
pub struct RunRow {
    pub campaign_id: Uid,
    /// The version of the campaign that it gives out; [`super::alarms::SWEEP`]: it looks who joined and who left.
    pub round: i64,
    /// Takes all back.
    pub withdraws: bool,
    pub reached: Option<Uid>,
    /// Takes back from those who left the audience.
    pub checks: bool,
    /// Not before this instant.
    pub next_at: Micros,
}
