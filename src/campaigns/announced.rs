//! What was approved and is known outside: it holds for whoever was told of a campaign, until a change of it was
//! approved and scheduled, too. A change that nobody approved yet is not theirs to see.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use super::announced_store as store;
use super::audience::AudienceLimits;
use super::model::{CampaignRow, CampaignTheme};
use super::texts::ReminderText;
use crate::auth::policy::Role;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::AppResult;

/// A campaign as its people were told of it when it was last scheduled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announced {
    theme: CampaignTheme,
    title: String,
    starts_on: Day,
    ends_on: Day,
    areas: Vec<String>,
    roles: Vec<Role>,
    limits: AudienceLimits,
    message_zh: ReminderText,
    message_en: ReminderText,
}

/// Keeps what is announced now that it is scheduled as it stands.
pub(super) fn announce(c: &mut DbConn, campaign: &CampaignRow) -> AppResult<()> {
    let told = Announced {
        theme: campaign.theme,
        title: campaign.title.clone(),
        starts_on: campaign.starts_on,
        ends_on: campaign.ends_on,
        areas: campaign.audience_areas.0.clone(),
        roles: campaign.audience_roles.0.clone(),
        limits: campaign.audience_limits.0.clone(),
        message_zh: campaign.message_zh.0.clone(),
        message_en: campaign.message_en.0.clone(),
    };
    store::put(c, campaign.id, Json(told))
}

/// What was announced of these campaigns; nothing of those of which nobody was told.
pub fn of(c: &mut DbConn, campaigns: Vec<Uid>) -> AppResult<HashMap<Uid, Announced>> {
    store::of(c, campaigns)
}

/// A campaign as its people know it; as it stands where they were told of nothing.
pub fn as_announced(campaign: CampaignRow, told: Option<&Announced>) -> CampaignRow {
    let Some(told) = told.cloned() else {
        return campaign;
    };
    CampaignRow {
        theme: told.theme,
        title: told.title,
        starts_on: told.starts_on,
        ends_on: told.ends_on,
        audience_areas: Json(told.areas),
        audience_roles: Json(told.roles),
        audience_limits: Json(told.limits),
        message_zh: Json(told.message_zh),
        message_en: Json(told.message_en),
        ..campaign
    }
}
