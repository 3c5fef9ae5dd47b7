//! Campaigns over HTTP: plan, list, read, amend.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::amendments::{self, CampaignChange};
use super::drafts::{self, NewCampaign, Words};
use super::machine::CampaignState;
use super::means::{CampaignBudget, CampaignMaterial, CampaignTargets, Means};
use super::model::CampaignTheme;
use super::plan::{LatePolicy, PlannedReminder};
use super::store;
use super::texts::ReminderText;
use super::view::{Campaign, CampaignAudience, CampaignPage, show, shown};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Label, Limit, Note, UpTo, ZoneName, not_null};
use crate::state::App;

/// A campaign to plan.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "area": "330402", "starts_on": "2027-05-29", "theme": "members_day", "title": "第29个会员活动日",
    "goals": "每个会员之家举办一场活动。",
    "audience": { "areas": ["330402"], "roles": ["field_member", "coordinator"] },
    "message_zh": { "title": "{campaign}", "body": "{day} 举行，还有 {days_left} 天，请做好准备。" },
    "message_en": { "title": "{campaign}", "body": "On {day}, in {days_left} days. Please prepare." },
    "reminders": [{ "days_before": 7, "at": "09:00" }, { "days_before": 0, "at": "09:00" }]
}))]
pub struct CampaignPlan {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    /// Whose campaign it is: an area of the caller's own, a city at the widest.
    #[schema(example = "330402")]
    area: AreaCode,
    /// A festival in use. Without `starts_on` its next day counts.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    festival_id: Option<Uid>,
    /// Required without a festival; with one, a day on which it falls.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    starts_on: Option<Day>,
    /// The same day, or the festival's last one, when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    ends_on: Option<Day>,
    /// Where the campaign's days and times are those of the clock on the wall. Asia/Shanghai when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    zone: Option<ZoneName>,
    theme: CampaignTheme,
    #[schema(example = "第29个会员活动日")]
    title: Label,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    goals: Option<Note>,
    #[validate(nested)]
    audience: CampaignAudience,
    /// Whose words its reminders take over, instead of `message_zh` and `message_en`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    template_id: Option<Uid>,
    /// Required with `message_en` where no template is named.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_zh: Option<ReminderText>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_en: Option<ReminderText>,
    #[serde(default)]
    #[schema(value_type = Vec<CampaignMaterial>, max_items = 50)]
    materials: UpTo<50, CampaignMaterial>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    budget: Option<CampaignBudget>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    targets: Option<CampaignTargets>,
    /// A week before, the day before and on the day at nine, when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<PlannedReminder>>, nullable = false, max_items = 20)]
    reminders: Option<UpTo<20, PlannedReminder>>,
    /// `skip` when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    late_policy: Option<LatePolicy>,
}

impl From<CampaignPlan> for NewCampaign {
    fn from(p: CampaignPlan) -> Self {
        NewCampaign {
            id: p.id,
            area: p.area.into_string(),
            festival: p.festival_id,
            starts_on: p.starts_on,
            ends_on: p.ends_on,
            zone: p
                .zone
                .map_or_else(|| "Asia/Shanghai".into(), ZoneName::into_string),
            theme: p.theme,
            title: p.title.into_string(),
            goals: p.goals.map(Note::into_string),
            audience: p.audience.into(),
            words: Words {
                template: p.template_id,
                zh: p.message_zh,
                en: p.message_en,
            },
            reminders: p.reminders.map(|r| r.0),
            late_policy: p.late_policy.unwrap_or(LatePolicy::Skip),
            means: Means {
                materials: p.materials,
                budget: p.budget,
                targets: p.targets,
            },
        }
    }
}

/// Plan a campaign
///
/// As a draft. Nothing is sent before another organiser approved it and it was scheduled.
#[utoipa::path(tag = "campaigns", request_body = CampaignPlan, responses((status = 201, description = "The draft", body = Campaign)))]
#[post("/campaigns")]
pub async fn create_campaign(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<CampaignPlan>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignWrite)?;
    let once = key.bind(&app.vault, who.user, "create_campaign", &body.raw);
    let new = NewCampaign::from(body.value);
    let shown = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| drafts::draft(c, &who, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
            shown(c, &who, id)
        })
        .await?;
    Ok(created("campaigns", &shown))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignQuery {
    /// Campaigns in this state only.
    #[param(inline, value_type = Option<CampaignState>, example = "scheduled")]
    state: Option<CampaignState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List campaigns
///
/// Those of the caller's areas, newest first.
#[utoipa::path(tag = "campaigns", params(CampaignQuery), responses((status = 200, description = "A page of campaigns", body = CampaignPage)))]
#[get("/campaigns")]
pub async fn list_campaigns(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CampaignQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let state = query.state;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_campaigns {state:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CampaignRead);
    let rows = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, state, page)?;
            show(c, &who, rows)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |shown| shown.id, Ok)?;
    Ok(HttpResponse::Ok().json(CampaignPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a campaign
///
/// With its plan and what the caller may do with it now.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = Campaign)))]
#[get("/campaigns/{id}")]
pub async fn get_campaign(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let id = path_id(id)?;
    let shown = app.db.read(move |c| shown(c, &who, id)).await?;
    Ok(found(&req, &shown))
}

/// A change of a campaign (JSON Merge Patch). Lists are replaced whole, and so is the audience.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "第29个会员活动日", "goals": null }))]
pub struct CampaignPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    theme: Option<CampaignTheme>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    title: Option<Label>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    goals: Option<Option<Note>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    starts_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    ends_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    audience: Option<CampaignAudience>,
    /// Whose words its reminders take over.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    template_id: Option<Uid>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_zh: Option<ReminderText>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    message_en: Option<ReminderText>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<PlannedReminder>>, nullable = false, max_items = 20)]
    reminders: Option<UpTo<20, PlannedReminder>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    late_policy: Option<LatePolicy>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<CampaignMaterial>>, nullable = false, max_items = 50)]
    materials: Option<UpTo<50, CampaignMaterial>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<CampaignBudget>)]
    budget: Option<Option<CampaignBudget>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<CampaignTargets>)]
    targets: Option<Option<CampaignTargets>>,
}

impl From<CampaignPatch> for CampaignChange {
    fn from(p: CampaignPatch) -> Self {
        CampaignChange {
            theme: p.theme,
            title: p.title.map(Label::into_string),
            goals: p.goals.map(|g| g.map(Note::into_string)),
            starts_on: p.starts_on,
            ends_on: p.ends_on,
            audience: p.audience.map(Into::into),
            words: Words {
                template: p.template_id,
                zh: p.message_zh,
                en: p.message_en,
            },
            reminders: p.reminders.map(|r| r.0),
            late_policy: p.late_policy,
            materials: p.materials,
            budget: p.budget,
            targets: p.targets,
        }
    }
}

/// Amend a campaign
///
/// JSON Merge Patch with `If-Match`, until it has ended. An approved, scheduled or running one becomes a draft again:
/// reminders not sent yet are withdrawn, and go out once it was approved and scheduled anew. What was sent holds:
/// from the first reminder on the audience stays. Of a scheduled or running one goals, materials and targets change
/// without a new approval. Area, festival and zone stay.
#[utoipa::path(tag = "campaigns", request_body = CampaignPatch, params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign after the change", body = Campaign)))]
#[patch("/campaigns/{id}")]
pub async fn update_campaign(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<CampaignPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignWrite)?;
    let id = path_id(id)?;
    let change = CampaignChange::from(body.value);
    let shown = app
        .db
        .write(move |c| {
            amendments::amend(c, &who, id, version.0, &change)?;
            shown(c, &who, id)
        })
        .await?;
    Ok(changed(&shown))
}
