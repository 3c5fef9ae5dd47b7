//! Templates over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{CampaignTheme, TemplateRow};
use super::templates::{self, NewTemplate, TemplateChange};
use super::templates_store as store;
use super::texts::ReminderText;
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, Tagged, changed, created, found};
use crate::http::text::{Limit, ShortCode, not_null};
use crate::page_of;
use crate::state::App;

/// Words for reminders, in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignTemplate {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(value_type = ShortCode, example = "members-day-usual")]
    pub code: String,
    pub theme: CampaignTheme,
    pub message_zh: ReminderText,
    pub message_en: ReminderText,
    /// Whether campaigns may name it.
    #[schema(example = true)]
    pub enabled: bool,
    pub created_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl From<TemplateRow> for CampaignTemplate {
    fn from(row: TemplateRow) -> Self {
        CampaignTemplate {
            id: row.id,
            version: row.version,
            code: row.code,
            theme: row.theme,
            message_zh: row.message_zh.0,
            message_en: row.message_en.0,
            enabled: row.enabled,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Tagged for CampaignTemplate {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

page_of! {
    /// A page of templates.
    CampaignTemplatePage of CampaignTemplate
}

fn one(c: &mut DbConn, id: Uid) -> AppResult<CampaignTemplate> {
    let row = store::find(c, id)?.ok_or_else(AppError::not_found)?;
    Ok(row.into())
}

/// A template to add. Its texts may name `{title}`, `{theme}`, `{area}`, `{day}`, `{last_day}` and `{days_left}`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "members-day-usual", "theme": "members_day",
    "message_zh": { "title": "{title}", "body": "{area}：{day} 举行，还有 {days_left} 天，请做好准备。" },
    "message_en": { "title": "{title}", "body": "{area}: on {day}, in {days_left} days. Please prepare." }
}))]
pub struct CampaignTemplateAddition {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    #[schema(example = "members-day-usual")]
    code: ShortCode,
    theme: CampaignTheme,
    #[validate(nested)]
    message_zh: ReminderText,
    #[validate(nested)]
    message_en: ReminderText,
}

/// Add a template
///
/// In both languages. An unknown placeholder, a brace without its other half and markup are refused with their
/// `position`, and what would be too long for a notification once filled in.
#[utoipa::path(tag = "campaigns", request_body = CampaignTemplateAddition, responses((status = 201, description = "The template", body = CampaignTemplate)))]
#[post("/campaign-templates")]
pub async fn create_campaign_template(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<CampaignTemplateAddition>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignTemplateWrite)?;
    let once = key.bind(&app.vault, who.user, "create_campaign_template", &body.raw);
    let new = NewTemplate {
        id: body.value.id,
        code: body.value.code.into_string(),
        theme: body.value.theme,
        message_zh: body.value.message_zh,
        message_en: body.value.message_en,
    };
    let template = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| templates::add(c, &who, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            one(c, id)
        })
        .await?;
    Ok(created("campaign-templates", &template))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignTemplateQuery {
    /// Templates of this theme only.
    #[param(inline, value_type = Option<CampaignTheme>, example = "members_day")]
    theme: Option<CampaignTheme>,
    /// Only those in use, or only those that are not.
    #[param(value_type = Option<bool>, example = true)]
    enabled: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List templates
///
/// Those of all organisers, newest first.
#[utoipa::path(tag = "campaigns", params(CampaignTemplateQuery), responses((status = 200, description = "A page of templates", body = CampaignTemplatePage)))]
#[get("/campaign-templates")]
pub async fn list_campaign_templates(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CampaignTemplateQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignTemplateRead)?;
    let (theme, enabled) = (query.theme, query.enabled);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_campaign_templates {theme:?} {enabled:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| store::list(c, theme, enabled, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(CampaignTemplate::from(r)))?;
    Ok(HttpResponse::Ok().json(CampaignTemplatePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a template
///
/// With its words in both languages.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The template's id")),
    responses((status = 200, description = "The template", body = CampaignTemplate)))]
#[get("/campaign-templates/{id}")]
pub async fn get_campaign_template(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignTemplateRead)?;
    let id = path_id(id)?;
    let template = app.db.read(move |c| one(c, id)).await?;
    Ok(found(&req, &template))
}

/// A change of a template (JSON Merge Patch).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "enabled": false }))]
pub struct CampaignTemplatePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    theme: Option<CampaignTheme>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_zh: Option<ReminderText>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_en: Option<ReminderText>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = false)]
    enabled: Option<bool>,
}

/// Amend a template
///
/// By its author or an officer. Campaigns that took its words over keep them.
#[utoipa::path(tag = "campaigns", request_body = CampaignTemplatePatch, params(("id" = Uid, Path, description = "The template's id")),
    responses((status = 200, description = "The template after the change", body = CampaignTemplate)))]
#[patch("/campaign-templates/{id}")]
pub async fn update_campaign_template(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<CampaignTemplatePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignTemplateWrite)?;
    let id = path_id(id)?;
    let change = TemplateChange {
        theme: body.value.theme,
        message_zh: body.value.message_zh,
        message_en: body.value.message_en,
        enabled: body.value.enabled,
    };
    let template = app
        .db
        .write(move |c| {
            templates::amend(c, &who, id, version.0, &change)?;
            one(c, id)
        })
        .await?;
    Ok(changed(&template))
}
