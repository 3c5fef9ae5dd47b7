//! All SQL about templates.

use diesel::prelude::*;

use super::model::{CampaignTheme, TemplateRow};
use super::texts::ReminderText;
use crate::db::schema::campaign_templates;
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::first_locked;
use crate::http::page::Page;

pub fn insert(c: &mut DbConn, row: &TemplateRow) -> AppResult<()> {
    diesel::insert_into(campaign_templates::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<TemplateRow>> {
    Ok(campaign_templates::table
        .find(id)
        .select(TemplateRow::as_select())
        .first(c)
        .optional()?)
}

pub fn locked(c: &mut DbConn, id: Uid) -> AppResult<Option<TemplateRow>> {
    Ok(first_locked!(
        c,
        campaign_templates::table
            .find(id)
            .select(TemplateRow::as_select())
    )
    .optional()?)
}

/// A page of the templates, newest first.
pub fn list(
    c: &mut DbConn,
    theme: Option<CampaignTheme>,
    enabled: Option<bool>,
    page: Page,
) -> AppResult<Vec<TemplateRow>> {
    let mut query = campaign_templates::table
        .select(TemplateRow::as_select())
        .order(campaign_templates::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(theme) = theme {
        query = query.filter(campaign_templates::theme.eq(theme));
    }
    if let Some(enabled) = enabled {
        query = query.filter(campaign_templates::enabled.eq(enabled));
    }
    if let Some(after) = page.after {
        query = query.filter(campaign_templates::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What an amendment alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = campaign_templates)]
pub struct TemplateAmendment {
    pub version: i64,
    pub field_versions: String,
    pub theme: Option<CampaignTheme>,
    pub message_zh: Option<Json<ReminderText>>,
    pub message_en: Option<Json<ReminderText>>,
    pub enabled: Option<bool>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, template: &TemplateRow, change: &TemplateAmendment) -> AppResult<()> {
    diesel::update(campaign_templates::table.find(template.id))
        .set(change)
        .execute(c)?;
    Ok(())
}
