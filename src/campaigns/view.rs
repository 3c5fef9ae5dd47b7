//! What a campaign, its reminders and its results look like outside.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::audience::Count;
use super::machine::{self, CampaignState, CampaignStep};
use super::model::*;
use super::plan::{LatePolicy, PlannedReminder};
use super::texts::ReminderText;
use crate::auth::Who;
use crate::auth::policy::Role;
use crate::db::{Day, Micros, Uid};
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Label, Note, UpTo, ZoneName};
use crate::page_of;

/// Whom a campaign reaches: staff who hold one of these roles in one of these areas when a reminder is sent.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "areas": ["330402"], "roles": ["field_member"] }))]
pub struct CampaignAudience {
    /// Each inside the organiser's own.
    #[schema(value_type = Vec<AreaCode>, min_items = 1, max_items = 50)]
    #[validate(length(min = 1, code = "too_short"))]
    pub areas: Vec<AreaCode>,
    #[schema(value_type = Vec<Role>, min_items = 1, max_items = 7)]
    #[validate(length(min = 1, code = "too_short"))]
    pub roles: Vec<Role>,
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct Campaign {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: CampaignState,
    /// What the caller may do now.
    #[schema(max_items = 6)]
    pub allowed_actions: Vec<CampaignStep>,
    #[schema(value_type = AreaCode, example = "330402")]
    pub area: String,
    pub festival_id: Option<Uid>,
    pub starts_on: Day,
    pub ends_on: Day,
    #[schema(value_type = ZoneName)]
    pub zone: String,
    pub theme: CampaignTheme,
    #[schema(value_type = Label)]
    pub title: String,
    #[schema(value_type = Option<Note>)]
    pub goals: Option<String>,
    pub audience: CampaignAudience,
    pub message_zh: ReminderText,
    pub message_en: ReminderText,
    #[schema(value_type = Vec<PlannedReminder>, max_items = 20)]
    pub reminders: UpTo<20, PlannedReminder>,
    pub late_policy: LatePolicy,
    pub created_by: Uid,
    /// Who changed it last.
    pub amended_by: Option<Uid>,
    pub approved_by: Option<Uid>,
    pub approved_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Campaign {
    pub fn of(row: CampaignRow, who: &Who) -> Campaign {
        let mine = row.written_by(who.user);
        let allowed_actions = machine::allowed(row.state)
            .into_iter()
            .filter(|step| !(mine && *step == CampaignStep::Approval))
            .collect();
        // What was stored was parsed when it came in.
        let areas = row.audience_areas.0.into_iter();
        Campaign {
            id: row.id,
            version: row.version,
            state: row.state,
            allowed_actions,
            area: row.area_code,
            festival_id: row.festival_id,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            zone: row.zone,
            theme: row.theme,
            title: row.title,
            goals: row.goals,
            audience: CampaignAudience {
                areas: areas.filter_map(|a| AreaCode::parse(a).ok()).collect(),
                roles: row.audience_roles.0,
            },
            message_zh: row.message_zh.0,
            message_en: row.message_en.0,
            reminders: UpTo(row.reminder_plan.0),
            late_policy: row.late_policy,
            created_by: row.created_by,
            amended_by: row.amended_by,
            approved_by: row.approved_by,
            approved_at: row.approved_at,
            cancelled_at: row.cancelled_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Tagged for Campaign {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of campaigns.
    CampaignPage of Campaign
}

/// How many a campaign would reach if it were sent now.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudiencePreview {
    /// Each person once.
    #[schema(minimum = 0, maximum = 100_000_000, example = 120)]
    pub targeted: i64,
    /// Of those, without a phone that a push can reach: they find it in the inbox.
    #[schema(minimum = 0, maximum = 100_000_000, example = 12)]
    pub without_push: i64,
}

impl From<Count> for AudiencePreview {
    fn from(count: Count) -> Self {
        AudiencePreview {
            targeted: count.targeted,
            without_push: count.without_push,
        }
    }
}

/// One reminder of a scheduled campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReminder {
    pub id: Uid,
    /// Its place in the plan, from 1.
    #[schema(minimum = 1, maximum = 20, example = 1)]
    pub ordinal: i64,
    pub due_at: Micros,
    /// A push later than this is not sent.
    pub expires_at: Micros,
    pub state: ReminderState,
    pub started_at: Option<Micros>,
    pub ended_at: Option<Micros>,
}

impl From<ReminderRow> for CampaignReminder {
    fn from(row: ReminderRow) -> Self {
        CampaignReminder {
            id: row.id,
            ordinal: row.ordinal,
            due_at: row.due_at,
            expires_at: row.expires_at,
            state: row.state,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

/// The reminders of a campaign, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReminderList {
    #[schema(max_items = 20)]
    pub items: Vec<CampaignReminder>,
}

/// How far the reminders of a campaign came, in people: each counts once, however many reminders and phones.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReachFigures {
    /// Have it in their inbox.
    #[schema(minimum = 0, maximum = 100_000_000, example = 120)]
    pub targeted: i64,
    /// Had no phone that a push can reach.
    #[schema(minimum = 0, maximum = 100_000_000, example = 12)]
    pub without_push: i64,
    /// A provider took a push for one of their phones.
    #[schema(minimum = 0, maximum = 100_000_000, example = 104)]
    pub accepted: i64,
    /// A phone showed it.
    #[schema(minimum = 0, maximum = 100_000_000, example = 80)]
    pub displayed: i64,
    #[schema(minimum = 0, maximum = 100_000_000, example = 41)]
    pub opened: i64,
    /// Opened, read or done.
    #[schema(minimum = 0, maximum = 100_000_000, example = 45)]
    pub acknowledged: i64,
}

/// The figures of the people who work in one area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaReach {
    /// A village, or a wider area for those who work for the whole of it.
    #[schema(value_type = AreaCode, example = "330402007024")]
    pub area: String,
    #[schema(value_type = Label, example = "百福社区")]
    pub name: String,
    pub figures: ReachFigures,
}

/// What a campaign reached, in all and by the area in which its receivers work. Staff are counted, never a person
/// served.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignResults {
    pub total: ReachFigures,
    /// In the order of the areas' codes; at most 2,000.
    #[schema(max_items = 2000)]
    pub by_area: Vec<AreaReach>,
}
