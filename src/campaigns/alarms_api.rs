//! One's own alarms over HTTP: what a phone rings for by itself.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::announced::{self, Announced, as_announced};
use super::model::{AlarmRow, CampaignRow, ReminderRow};
use super::{alarms, alarms_store as store};
use crate::areas;
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::text::{Label, Note, ZoneName};
use crate::page_of;
use crate::state::App;

/// An instant at which a phone rings, unless the reminder came before.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlarmInstant {
    pub reminder_id: Uid,
    pub at: Micros,
    #[schema(value_type = Note, example = "第29个会员活动日")]
    pub title_zh: String,
    #[schema(value_type = Note, example = "Members' Day")]
    pub title_en: String,
    #[schema(value_type = Note)]
    pub body_zh: String,
    #[schema(value_type = Note)]
    pub body_en: String,
}

/// A campaign that will remind its owner, known in advance: a phone sets its own alarms by it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignAlarm {
    pub id: Uid,
    /// Grows when the campaign's reminders change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub campaign_id: Uid,
    #[schema(value_type = Label, example = "第29个会员活动日")]
    pub title: String,
    pub starts_on: Day,
    pub ends_on: Day,
    #[schema(value_type = ZoneName)]
    pub zone: String,
    /// In their order; those that passed stay.
    #[schema(max_items = 200)]
    pub instants: Vec<AlarmInstant>,
}

page_of! {
    /// A page of alarms.
    CampaignAlarmPage of CampaignAlarm
}

/// What hangs on some alarms.
pub(super) struct Hung {
    announced: HashMap<Uid, Announced>,
    reminders: HashMap<Uid, Vec<ReminderRow>>,
    areas: HashMap<Uid, (String, String)>,
}

pub(super) fn load(c: &mut DbConn, found: &[(AlarmRow, CampaignRow)]) -> AppResult<Hung> {
    let campaigns: Vec<Uid> = found.iter().map(|(_, campaign)| campaign.id).collect();
    let named = found
        .iter()
        .filter_map(|(alarm, _)| alarm.area_id)
        .collect();
    Ok(Hung {
        announced: announced::of(c, campaigns.clone())?,
        reminders: store::reminders_of(c, campaigns)?,
        areas: areas::store::named(c, named)?,
    })
}

pub(super) fn show(
    hung: &Hung,
    (alarm, campaign): (AlarmRow, CampaignRow),
) -> AppResult<CampaignAlarm> {
    // Changed, it is a draft again and its alarms are taken back, page by page: until one's own is, it says what was
    // approved.
    let campaign = as_announced(campaign, hung.announced.get(&alarm.campaign_id));
    let reminders = hung
        .reminders
        .get(&campaign.id)
        .map_or(&[][..], Vec::as_slice);
    let area = alarm.area_id.and_then(|id| hung.areas.get(&id));
    let area = area.map_or("", |(_, name)| name.as_str());
    let instants = alarms::rings(&campaign, reminders, area)?
        .into_iter()
        .map(|ring| AlarmInstant {
            reminder_id: ring.reminder,
            at: ring.at,
            title_zh: ring.title.zh,
            title_en: ring.title.en,
            body_zh: ring.body.zh,
            body_en: ring.body.en,
        })
        .collect();
    Ok(CampaignAlarm {
        id: alarm.id,
        version: alarm.version,
        campaign_id: campaign.id,
        title: campaign.title,
        starts_on: campaign.starts_on,
        ends_on: campaign.ends_on,
        zone: campaign.zone,
        instants,
    })
}

/// List one's alarms
///
/// The campaigns that will remind the caller, newest first. Phones are given them as `campaign_alarm`, a moment
/// after the campaign was scheduled.
#[utoipa::path(tag = "campaigns", params(PageParams), responses((status = 200, description = "A page of alarms", body = CampaignAlarmPage)))]
#[get("/campaign-alarms")]
pub async fn list_campaign_alarms(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignAlarmRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_campaign_alarms".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let user = who.user;
    let (hung, rows) = app
        .db
        .read(move |c| {
            let rows = store::list(c, user, page)?;
            Ok((load(c, &rows)?, rows))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.0.id, |r| show(&hung, r))?;
    Ok(HttpResponse::Ok().json(CampaignAlarmPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
