//! Templates: words for reminders in both languages, checked when they are written.
//!
//! Every organiser finds them. A campaign that names one takes its words over, so a template that changes later
//! changes no campaign that somebody approved.

use super::model::{CampaignTheme, TemplateRow};
use super::templates_store::{self as store, TemplateAmendment};
use super::texts::{self, ReminderText};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::sync;

/// What somebody adds.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    pub id: Option<Uid>,
    pub code: String,
    pub theme: CampaignTheme,
    pub message_zh: ReminderText,
    pub message_en: ReminderText,
}

/// The shortest title that a campaign can have: words that do not fit with it fit none.
const SHORTEST: &str = "节";

pub fn add(c: &mut DbConn, who: &Who, new: &NewTemplate) -> AppResult<Uid> {
    who.may(Action::CampaignTemplateWrite)?;
    check(&new.message_zh, &new.message_en, new.theme)?;
    let row = TemplateRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        code: new.code.clone(),
        theme: new.theme,
        message_zh: Json(new.message_zh.clone()),
        message_en: Json(new.message_en.clone()),
        enabled: true,
        created_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    noted(c, who, row.id, &["added"])?;
    Ok(row.id)
}

fn check(zh: &ReminderText, en: &ReminderText, theme: CampaignTheme) -> AppResult<()> {
    texts::check_filled(zh, "/message_zh", true, SHORTEST, theme)?;
    texts::check_filled(en, "/message_en", false, SHORTEST, theme)
}

/// A change; `None` leaves a field.
#[derive(Debug, Clone, Default)]
pub struct TemplateChange {
    pub theme: Option<CampaignTheme>,
    pub message_zh: Option<ReminderText>,
    pub message_en: Option<ReminderText>,
    pub enabled: Option<bool>,
}

/// Changes a template; by its author, or by an officer.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    change: &TemplateChange,
) -> AppResult<()> {
    who.may(Action::CampaignTemplateWrite)?;
    let template = store::locked(c, id)?.ok_or_else(AppError::not_found)?;
    let officer = who.grants().any(|g| g.role == Role::Officer);
    if template.created_by != who.user && !officer {
        return Err(AppError::of(Code::ForbiddenAction));
    }
    if version != template.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let zh = change.message_zh.as_ref().unwrap_or(&template.message_zh.0);
    let en = change.message_en.as_ref().unwrap_or(&template.message_en.0);
    check(zh, en, change.theme.unwrap_or(template.theme))?;
    let fields: Vec<&str> = [
        ("theme", change.theme.is_some()),
        ("message_zh", change.message_zh.is_some()),
        ("message_en", change.message_en.is_some()),
        ("enabled", change.enabled.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    let next = template.version + 1;
    let altered = TemplateAmendment {
        version: next,
        field_versions: sync::touch(&template.field_versions, next, &fields),
        theme: change.theme,
        message_zh: change.message_zh.clone().map(Json),
        message_en: change.message_en.clone().map(Json),
        enabled: change.enabled,
        updated_at: who.at,
    };
    store::amend(c, &template, &altered)?;
    noted(c, who, id, &fields)
}

fn noted(c: &mut DbConn, who: &Who, id: Uid, fields: &[&str]) -> AppResult<()> {
    let facts = serde_json::json!({ "fields": fields });
    let action = Action::CampaignTemplateWrite;
    let entry = Entry::new(action, "campaign_template", id, Place::default());
    audit::record(c, who, entry.with(&facts))
}
