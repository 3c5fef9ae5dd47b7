//! What a campaign, its reminders and its results look like outside.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::audience::{AudienceLimits, AudiencePush};
use super::drafts::WantedAudience;
use super::machine::{self, CampaignState, CampaignStep};
use super::means::{CampaignBudget, CampaignMaterial, CampaignTargets};
use super::model::*;
use super::plan::{LatePolicy, PlannedReminder, ReminderTo};
use super::texts::ReminderText;
use super::{lifecycle, writers_store};
use crate::associations::model::AssociationKind;
use crate::auth::Who;
use crate::auth::model::Platform;
use crate::auth::policy::Role;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, Label, Note, UpTo, ZoneName, not_null};
use crate::page_of;

/// Whom a campaign reaches: staff who hold one of these roles in one of these areas when a reminder is sent, as far as
/// `kinds`, `push`, `platforms` and what is left out narrow it.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "areas": ["330402"], "roles": ["field_member"] }))]
pub struct CampaignAudience {
    /// Each inside the campaign's own.
    #[schema(value_type = Vec<AreaCode>, min_items = 1, max_items = 50)]
    #[validate(length(min = 1, code = "too_short"))]
    pub areas: Vec<AreaCode>,
    #[schema(value_type = Vec<Role>, min_items = 1, max_items = 7)]
    #[validate(length(min = 1, code = "too_short"))]
    pub roles: Vec<Role>,
    /// Only those with a phone that a push can reach, or only those without; everybody when left out.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub push: Option<AudiencePush>,
    /// Only those with a phone of one of these kinds; everybody when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Platform>, max_items = 6)]
    pub platforms: UpTo<6, Platform>,
    /// Only those in whose own area an association of one of these kinds stands; everybody when empty.
    #[serde(default)]
    #[schema(value_type = Vec<AssociationKind>, max_items = 7)]
    pub kinds: UpTo<7, AssociationKind>,
    /// Left out: each inside one of the areas.
    #[serde(default)]
    #[schema(value_type = Vec<AreaCode>, max_items = 50)]
    pub except_areas: UpTo<50, AreaCode>,
    /// Left out, whatever they do.
    #[serde(default)]
    #[schema(value_type = Vec<Uid>, max_items = 200)]
    pub except_users: UpTo<200, Uid>,
}

/// Codes as they are stored; their number was checked at the edge.
fn codes(areas: Vec<AreaCode>) -> Vec<String> {
    areas.into_iter().map(AreaCode::into_string).collect()
}

impl From<CampaignAudience> for WantedAudience {
    fn from(a: CampaignAudience) -> Self {
        WantedAudience {
            areas: codes(a.areas),
            roles: a.roles,
            limits: AudienceLimits {
                push: a.push,
                platforms: a.platforms.0,
                kinds: a.kinds.0,
                except_areas: codes(a.except_areas.0),
                except_users: a.except_users.0,
            },
        }
    }
}

/// What was stored was parsed when it came in.
fn parsed(codes: Vec<String>) -> Vec<AreaCode> {
    let codes = codes.into_iter();
    codes.filter_map(|a| AreaCode::parse(a).ok()).collect()
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
    /// The template that the words were taken from.
    pub template_id: Option<Uid>,
    pub message_zh: ReminderText,
    pub message_en: ReminderText,
    #[schema(value_type = Vec<CampaignMaterial>, max_items = 50)]
    pub materials: UpTo<50, CampaignMaterial>,
    pub budget: Option<CampaignBudget>,
    pub targets: Option<CampaignTargets>,
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
    pub fn of(row: CampaignRow, writers: &[Writer], who: &Who) -> Campaign {
        let mine = row.written_by(who.user, writers);
        let allowed_actions = machine::allowed(row.state)
            .into_iter()
            .filter(|step| !(mine && *step == CampaignStep::Approval))
            .collect();
        let limits = row.audience_limits.0;
        let means = row.means.0;
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
                areas: parsed(row.audience_areas.0),
                roles: row.audience_roles.0,
                push: limits.push,
                platforms: UpTo(limits.platforms),
                kinds: UpTo(limits.kinds),
                except_areas: UpTo(parsed(limits.except_areas)),
                except_users: UpTo(limits.except_users),
            },
            template_id: row.template_id,
            materials: means.materials,
            budget: means.budget,
            targets: means.targets,
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

/// Shows campaigns that the caller may see, in their order.
pub fn show(c: &mut DbConn, who: &Who, rows: Vec<CampaignRow>) -> AppResult<Vec<Campaign>> {
    let writers = writers_store::of(c, rows.iter().map(|row| row.id).collect())?;
    let of = |row: CampaignRow| {
        let theirs = writers.get(&row.id).map_or(&[][..], Vec::as_slice);
        Campaign::of(row, theirs, who)
    };
    Ok(rows.into_iter().map(of).collect())
}

/// A campaign read again after its write, for the answer.
pub fn shown(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Campaign> {
    let row = lifecycle::read(c, who, id)?.into_row();
    let writers = writers_store::of_one(c, id)?;
    Ok(Campaign::of(row, &writers, who))
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

/// One reminder of a scheduled campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReminder {
    pub id: Uid,
    /// Its place, from 1: those of a plan that was changed come after what was sent.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub ordinal: i64,
    pub due_at: Micros,
    /// A push later than this is not sent.
    pub expires_at: Micros,
    pub state: ReminderState,
    pub to: ReminderTo,
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
            to: match row.follow_up {
                true => ReminderTo::Unacknowledged,
                false => ReminderTo::Everybody,
            },
            started_at: row.started_at,
            ended_at: row.ended_at,
        }
    }
}

/// The reminders of a campaign, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignReminderList {
    #[schema(max_items = 200)]
    pub items: Vec<CampaignReminder>,
}
