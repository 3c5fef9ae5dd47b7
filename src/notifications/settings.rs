//! When somebody wants pushes: quiet hours, how many a day, several at once as one.
//!
//! It is about pushes alone; the inbox keeps everything, and the urgent lane is not held back.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::PushLanguage;
use super::settings_store::{self as store, SettingsRow};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json::Body;
use crate::http::text::{ClockTime, Int, ZoneName, not_null};
use crate::push::manners::{House, clock};
use crate::state::App;

/// When somebody wants pushes.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationSettings {
    /// Nothing rings from then on; null, as `quiet_until`: at any hour something may.
    pub quiet_from: Option<ClockTime>,
    /// What waited goes out in the minutes after this. Earlier than `quiet_from`: of the next day.
    pub quiet_until: Option<ClockTime>,
    #[schema(value_type = ZoneName)]
    pub zone: String,
    /// Pushes a day at the most, urgent ones aside and each once on however many phones; null: as many as there are.
    #[schema(minimum = 1, maximum = 1000, example = 8)]
    pub daily_cap: Option<i64>,
    /// Several that wait at the same time come as one push that says how many.
    #[schema(example = true)]
    pub digest: bool,
    /// In which the titles of pushes are; the inbox holds both.
    pub language: PushLanguage,
    /// When they were set; null: nothing was, and all of this is the service's default.
    pub updated_at: Option<Micros>,
}

impl NotificationSettings {
    fn of(row: Option<SettingsRow>, house: &House) -> NotificationSettings {
        let manners = house.of(None);
        let cap = |daily: i64| (daily > 0).then_some(daily);
        let Some(row) = row else {
            return NotificationSettings {
                quiet_from: manners.quiet.map(|q| ClockTime(q.from)),
                quiet_until: manners.quiet.map(|q| ClockTime(q.until)),
                zone: "Asia/Shanghai".into(),
                daily_cap: cap(manners.daily),
                digest: manners.window > 0,
                language: PushLanguage::ZhCn,
                updated_at: None,
            };
        };
        let time = |text: Option<String>| text.as_deref().and_then(clock).map(ClockTime);
        NotificationSettings {
            quiet_from: time(row.quiet_from),
            quiet_until: time(row.quiet_until),
            zone: row.zone,
            // What holds: the house's cap where it is lower.
            daily_cap: match (row.daily_cap, cap(house.daily)) {
                (Some(own), Some(house)) => Some(own.min(house)),
                (own, house) => own.or(house),
            },
            digest: row.digest,
            language: row.language,
            updated_at: Some(row.updated_at),
        }
    }
}

/// Read when one wants pushes
///
/// The caller's own settings; the service's defaults where nothing was set.
#[utoipa::path(tag = "inbox", responses((status = 200, description = "The settings", body = NotificationSettings)))]
#[get("/me/notification-settings")]
pub async fn get_notification_settings(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::NotificationSettings)?;
    let row = app.db.read(move |c| store::find(c, who.user)).await?;
    let house = &app.config.push_house;
    Ok(HttpResponse::Ok().json(NotificationSettings::of(row, house)))
}

/// When the caller wants pushes, in full.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "quiet_from": "21:00", "quiet_until": "08:00", "zone": "Asia/Shanghai", "daily_cap": 5, "digest": true }))]
pub struct NewNotificationSettings {
    /// Null or left out, as `quiet_until`: no quiet hours.
    quiet_from: Option<ClockTime>,
    /// Earlier than `quiet_from`: of the next day.
    quiet_until: Option<ClockTime>,
    zone: ZoneName,
    /// Null or left out: the service's own.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 50, example = 5)]
    daily_cap: Option<Int<1, 50>>,
    digest: bool,
    /// In which the titles of pushes are; `zh-CN` when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    language: Option<PushLanguage>,
}

impl NewNotificationSettings {
    fn row(&self, who: &Who) -> AppResult<SettingsRow> {
        let quiet = match (self.quiet_from, self.quiet_until) {
            (None, None) => None,
            (Some(from), Some(until)) if from != until => Some((from, until)),
            (Some(_), Some(_)) => {
                return Err(AppError::field("/quiet_until", Fault::NotFitting));
            }
            (Some(_), None) => return Err(AppError::field("/quiet_until", Fault::Required)),
            (None, Some(_)) => return Err(AppError::field("/quiet_from", Fault::Required)),
        };
        let text = |t: ClockTime| format!("{:02}:{:02}", t.0.hour(), t.0.minute());
        Ok(SettingsRow {
            user_id: who.user,
            quiet_from: quiet.map(|(from, _)| text(from)),
            quiet_until: quiet.map(|(_, until)| text(until)),
            zone: self.zone.as_str().to_owned(),
            daily_cap: self.daily_cap.map(|cap| cap.0),
            digest: self.digest,
            updated_at: who.at,
            language: self.language.unwrap_or(PushLanguage::ZhCn),
        })
    }
}

/// Stores them; what waits for the end of quiet hours is looked at anew.
fn set(c: &mut DbConn, row: &SettingsRow) -> AppResult<()> {
    store::put(c, row)?;
    store::wake(c, row.user_id, row.updated_at)
}

/// Set when one wants pushes
///
/// Replaces the caller's own settings, for what waits already, too. They hold back pushes alone: everything is in
/// the inbox at once, and what is urgent rings at any hour.
#[utoipa::path(tag = "inbox", request_body = NewNotificationSettings,
    responses((status = 200, description = "The settings as they hold now", body = NotificationSettings)))]
#[put("/me/notification-settings")]
pub async fn set_notification_settings(
    app: web::Data<App>,
    who: Who,
    body: Body<NewNotificationSettings>,
) -> AppResult<HttpResponse> {
    who.may(Action::NotificationSettings)?;
    let row = body.value.row(&who)?;
    let stored = row.clone();
    app.db.write(move |c| set(c, &stored)).await?;
    app.outbox.notify_waiters();
    let house = &app.config.push_house;
    Ok(HttpResponse::Ok().json(NotificationSettings::of(Some(row), house)))
}
