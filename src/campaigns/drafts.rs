//! Planning a campaign: what a draft is checked for, and the draft itself.

use jiff::civil::Date;

use super::audience::{self, AudienceLimits};
use super::lifecycle::{noted, today, zone};
use super::machine::CampaignState;
use super::means::{self, Means};
use super::model::*;
use super::plan::{self, LatePolicy, PlannedReminder};
use super::texts::{self, ReminderText};
use super::{festivals_store, store, templates_store, writers_store};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::policy::Role;
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::sync;

/// A campaign as it is planned.
#[derive(Debug, Clone)]
pub struct NewCampaign {
    pub id: Option<Uid>,
    pub area: String,
    pub festival: Option<Uid>,
    pub starts_on: Option<Day>,
    pub ends_on: Option<Day>,
    pub zone: String,
    pub theme: CampaignTheme,
    pub title: String,
    pub goals: Option<String>,
    pub audience: WantedAudience,
    pub words: Words,
    pub reminders: Option<Vec<PlannedReminder>>,
    pub late_policy: LatePolicy,
    pub means: Means,
}

/// Areas, roles and what narrows them.
#[derive(Debug, Clone)]
pub struct WantedAudience {
    pub areas: Vec<String>,
    pub roles: Vec<Role>,
    pub limits: AudienceLimits,
}

/// What reminders say: by a template, or in words of their own.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pub template: Option<Uid>,
    pub zh: Option<ReminderText>,
    pub en: Option<ReminderText>,
}

impl Words {
    pub fn are_given(&self) -> bool {
        self.template.is_some() || self.zh.is_some() || self.en.is_some()
    }
}

/// Words as a campaign keeps them: those of a template are copied, so that what was approved is what is sent.
pub(super) struct KeptWords {
    pub template: Option<Uid>,
    pub zh: ReminderText,
    pub en: ReminderText,
}

/// Finds and checks the words of a campaign with this title and theme.
pub(super) fn check_words(
    c: &mut DbConn,
    words: &Words,
    title: &str,
    theme: CampaignTheme,
) -> AppResult<KeptWords> {
    let kept = match (words.template, &words.zh, &words.en) {
        (Some(_), Some(_), _) => return Err(AppError::field("/message_zh", Fault::NotFitting)),
        (Some(_), None, Some(_)) => return Err(AppError::field("/message_en", Fault::NotFitting)),
        (None, None, _) => return Err(AppError::field("/message_zh", Fault::Required)),
        (None, Some(_), None) => return Err(AppError::field("/message_en", Fault::Required)),
        (None, Some(zh), Some(en)) => KeptWords {
            template: None,
            zh: zh.clone(),
            en: en.clone(),
        },
        (Some(id), None, None) => {
            let template = templates_store::find(c, id)?
                .filter(|template| template.enabled)
                .ok_or_else(|| AppError::field("/template_id", Fault::NoSuchRecord))?;
            KeptWords {
                template: Some(id),
                zh: template.message_zh.0,
                en: template.message_en.0,
            }
        }
    };
    fits(&kept, title, theme)?;
    Ok(kept)
}

/// Whether words fit a notification with this title and theme. A template's fault is the campaign's to name.
pub(super) fn fits(words: &KeptWords, title: &str, theme: CampaignTheme) -> AppResult<()> {
    let of_template = |e: AppError| match words.template {
        Some(_) => AppError::field("/template_id", Fault::FilledTooLong),
        None => e,
    };
    texts::check_filled(&words.zh, "/message_zh", true, title, theme).map_err(of_template)?;
    texts::check_filled(&words.en, "/message_en", false, title, theme).map_err(of_template)
}

/// First and last day: the festival's next ones, or those given, which must fit it.
pub(super) fn days(
    c: &mut DbConn,
    festival: Option<Uid>,
    starts_on: Option<Day>,
    ends_on: Option<Day>,
    today: Date,
) -> AppResult<(Day, Day)> {
    let (first, last) = match (festival, starts_on) {
        (None, None) => return Err(AppError::field("/starts_on", Fault::Required)),
        (None, Some(day)) => (day, ends_on.unwrap_or(day)),
        (Some(id), wanted) => {
            let known = festivals_store::find(c, id)?.filter(|f| f.enabled);
            if known.is_none() {
                return Err(AppError::field("/festival_id", Fault::NoSuchRecord));
            }
            let (_, first, last) = festivals_store::days_of(c, &[id], Day(today))?
                .into_iter()
                .find(|(_, first, _)| wanted.is_none_or(|day| day == *first))
                .ok_or_else(|| AppError::field("/starts_on", Fault::NotFitting))?;
            (first, ends_on.unwrap_or(last))
        }
    };
    if last < first {
        return Err(AppError::field("/ends_on", Fault::BadOrder));
    }
    if last.0 < today {
        // Of the day that was said.
        let pointer = match (starts_on, ends_on) {
            (Some(_), None) => "/starts_on",
            _ => "/ends_on",
        };
        return Err(AppError::field(pointer, Fault::InThePast));
    }
    Ok((first, last))
}

/// Areas of the audience: each exists and lies in the campaign's own, for which it is approved; what is left out
/// lies in one of them.
pub(super) fn check_audience(c: &mut DbConn, area: Uid, wanted: &WantedAudience) -> AppResult<()> {
    let found = audience::areas_of(c, &wanted.areas, "/audience/areas")?;
    for (i, reached) in found.iter().enumerate() {
        if !reached.chain().any(|id| id == area) {
            let pointer = format!("/audience/areas/{i}");
            return Err(AppError::field(pointer, Fault::AreaOutside));
        }
    }
    once("/audience/roles", &wanted.roles)?;
    once("/audience/platforms", &wanted.limits.platforms)?;
    once("/audience/kinds", &wanted.limits.kinds)?;
    check_except(c, &found, &wanted.limits)
}

fn once<T: PartialEq>(at: &str, all: &[T]) -> AppResult<()> {
    match (1..all.len()).find(|i| all[..*i].contains(&all[*i])) {
        Some(i) => Err(AppError::field(format!("{at}/{i}"), Fault::Repeated)),
        None => Ok(()),
    }
}

fn check_except(c: &mut DbConn, of: &[AreaRow], limits: &AudienceLimits) -> AppResult<()> {
    let at = "/audience/except_areas";
    let except = audience::areas_of(c, &limits.except_areas, at)?;
    for (i, area) in except.iter().enumerate() {
        let inside = |wider: &AreaRow| area.chain().any(|id| id == wider.id);
        if !of.iter().any(inside) {
            return Err(AppError::field(format!("{at}/{i}"), Fault::NotFitting));
        }
    }
    let at = "/audience/except_users";
    once(at, &limits.except_users)?;
    for (i, user) in limits.except_users.iter().enumerate() {
        if crate::auth::store::user(c, *user)?.is_none() {
            return Err(AppError::field(format!("{at}/{i}"), Fault::NoSuchRecord));
        }
    }
    Ok(())
}

/// Where a campaign may stand.
const LEVELS: &[AreaLevel] = &[
    AreaLevel::City,
    AreaLevel::County,
    AreaLevel::Town,
    AreaLevel::Village,
];

/// Plans a campaign: a draft, seen by the organisers of its area.
pub fn draft(c: &mut DbConn, who: &Who, new: &NewCampaign) -> AppResult<Uid> {
    who.may(Action::CampaignWrite)?;
    let area = areas::store::placed(c, &new.area, "/area", LEVELS)?;
    if !who.may_of(Action::CampaignWrite, area.id, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    texts::check_title(&new.title)?;
    let words = check_words(c, &new.words, &new.title, new.theme)?;
    if let Some(budget) = &new.means.budget {
        means::check_budget(budget)?;
    }
    let zone = zone(&new.zone)?;
    let today = today(&zone, who.at);
    let (starts_on, ends_on) = days(c, new.festival, new.starts_on, new.ends_on, today)?;
    check_audience(c, area.id, &new.audience)?;
    let reminders = new.reminders.clone().unwrap_or_else(plan::usual);
    plan::check(&reminders, starts_on.0, ends_on.0, &zone)?;
    let place = area.place();
    let row = CampaignRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        state: CampaignState::Draft,
        county: place.county,
        town: place.town,
        village: place.village,
        area_id: area.id,
        area_code: area.code,
        festival_id: new.festival,
        starts_on,
        ends_on,
        zone: new.zone.clone(),
        theme: new.theme,
        title: new.title.clone(),
        goals: new.goals.clone(),
        audience_areas: Json(new.audience.areas.clone()),
        audience_roles: Json(new.audience.roles.clone()),
        message_zh: Json(words.zh),
        message_en: Json(words.en),
        reminder_plan: Json(reminders),
        late_policy: new.late_policy,
        created_by: who.user,
        amended_by: None,
        approved_by: None,
        approved_at: None,
        cancelled_at: None,
        created_at: who.at,
        updated_at: who.at,
        template_id: words.template,
        means: Json(new.means.clone()),
        audience_limits: Json(new.audience.limits.clone()),
    };
    store::insert(c, &row)?;
    let writer = Writer {
        campaign_id: row.id,
        user_id: who.user,
        version: row.version,
    };
    writers_store::note(c, writer)?;
    noted(c, who, Action::CampaignWrite, &row, 1, "drafted")?;
    Ok(row.id)
}
