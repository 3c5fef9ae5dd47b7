//! Planning, approving, scheduling and cancelling campaigns: the commands that REST and sync share.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::audience::{self, Audience, Count};
use super::festivals_store;
use super::machine::{self, CampaignState, CampaignStep};
use super::model::*;
use super::plan::{self, LatePolicy, PlannedReminder};
use super::store::{self, CampaignAmendment, Transition};
use super::texts::{self, ReminderText};
use crate::areas;
use crate::areas::model::AreaLevel;
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::precondition::IfMatch;
use crate::sync::{self, Change, Kind};

/// How long a reminder is worth pushing.
pub const WORTH: i64 = Micros::DAY;

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
    pub audience_areas: Vec<String>,
    pub audience_roles: Vec<Role>,
    pub message_zh: ReminderText,
    pub message_en: ReminderText,
    pub reminders: Option<Vec<PlannedReminder>>,
    pub late_policy: LatePolicy,
}

pub fn zone(name: &str) -> AppResult<TimeZone> {
    TimeZone::get(name).map_err(AppError::internal)
}

/// The calendar day of an instant in the campaign's zone.
pub fn today(zone: &TimeZone, now: Micros) -> Date {
    zone.to_datetime(now.timestamp()).date()
}

/// The end of the campaign's last day.
pub fn end_of(ends_on: Date, zone: &TimeZone) -> Micros {
    let next = ends_on.tomorrow().unwrap_or(ends_on);
    zone.to_timestamp(next.at(0, 0, 0, 0))
        .map_or(Micros(i64::MAX), |t| Micros(t.as_microsecond()))
}

/// First and last day: the festival's next ones, or those given, which must fit it.
fn days(
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
        return Err(AppError::field("/ends_on", Fault::InThePast));
    }
    Ok((first, last))
}

/// Areas of the audience: each exists, and each is the caller's own.
fn check_audience(c: &mut DbConn, who: &Who, codes: &[String], roles: &[Role]) -> AppResult<()> {
    for (i, area) in audience::areas_of(c, codes, "/audience/areas")?
        .iter()
        .enumerate()
    {
        if !who.may_of(Action::CampaignWrite, area.id, &area.place()) {
            let pointer = format!("/audience/areas/{i}");
            return Err(AppError::field(pointer, Fault::AreaOutside));
        }
    }
    for (i, role) in roles.iter().enumerate() {
        if roles[..i].contains(role) {
            let pointer = format!("/audience/roles/{i}");
            return Err(AppError::field(pointer, Fault::Repeated));
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
    texts::check(&new.message_zh, "/message_zh")?;
    texts::check(&new.message_en, "/message_en")?;
    let zone = zone(&new.zone)?;
    let today = today(&zone, who.at);
    let (starts_on, ends_on) = days(c, new.festival, new.starts_on, new.ends_on, today)?;
    check_audience(c, who, &new.audience_areas, &new.audience_roles)?;
    let reminders = new.reminders.clone().unwrap_or_else(plan::usual);
    plan::instants(&reminders, starts_on.0, &zone)?;
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
        audience_areas: Json(new.audience_areas.clone()),
        audience_roles: Json(new.audience_roles.clone()),
        message_zh: Json(new.message_zh.clone()),
        message_en: Json(new.message_en.clone()),
        reminder_plan: Json(reminders),
        late_policy: new.late_policy,
        created_by: who.user,
        amended_by: None,
        approved_by: None,
        approved_at: None,
        cancelled_at: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    noted(c, who, Action::CampaignWrite, &row, 1, "drafted")?;
    Ok(row.id)
}

/// A change; `None` leaves a field.
#[derive(Debug, Clone, Default)]
pub struct CampaignChange {
    pub theme: Option<CampaignTheme>,
    pub title: Option<String>,
    pub goals: Option<Option<String>>,
    pub starts_on: Option<Day>,
    pub ends_on: Option<Day>,
    pub audience_areas: Option<Vec<String>>,
    pub audience_roles: Option<Vec<Role>>,
    pub message_zh: Option<ReminderText>,
    pub message_en: Option<ReminderText>,
    pub reminders: Option<Vec<PlannedReminder>>,
    pub late_policy: Option<LatePolicy>,
}

impl CampaignChange {
    fn fields(&self) -> Vec<&'static str> {
        [
            ("theme", self.theme.is_some()),
            ("title", self.title.is_some()),
            ("goals", self.goals.is_some()),
            ("starts_on", self.starts_on.is_some()),
            ("ends_on", self.ends_on.is_some()),
            ("audience.areas", self.audience_areas.is_some()),
            ("audience.roles", self.audience_roles.is_some()),
            ("message_zh", self.message_zh.is_some()),
            ("message_en", self.message_en.is_some()),
            ("reminders", self.reminders.is_some()),
            ("late_policy", self.late_policy.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Changes a campaign that is not scheduled yet. What was approved must be approved again.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    change: &CampaignChange,
) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignWrite, id)?;
    if version != campaign.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let state = machine::decide(campaign.state, CampaignStep::Amendment, false)?;
    for (text, at) in [
        (&change.message_zh, "/message_zh"),
        (&change.message_en, "/message_en"),
    ] {
        if let Some(text) = text {
            texts::check(text, at)?;
        }
    }
    let zone = zone(&campaign.zone)?;
    let today = today(&zone, who.at);
    // Moving the first day moves the last one along, unless that is given, too.
    let ends_on = match (change.starts_on, change.ends_on) {
        (None, None) => Some(campaign.ends_on),
        (_, given) => given,
    };
    let starts_on = change.starts_on.or(Some(campaign.starts_on));
    let (starts_on, ends_on) = days(c, campaign.festival_id, starts_on, ends_on, today)?;
    let areas = change
        .audience_areas
        .as_ref()
        .unwrap_or(&campaign.audience_areas.0);
    let roles = change
        .audience_roles
        .as_ref()
        .unwrap_or(&campaign.audience_roles.0);
    check_audience(c, who, areas, roles)?;
    let reminders = change
        .reminders
        .as_ref()
        .unwrap_or(&campaign.reminder_plan.0);
    plan::instants(reminders, starts_on.0, &zone)?;
    let next = campaign.version + 1;
    let altered = CampaignAmendment {
        version: next,
        field_versions: sync::touch(&campaign.field_versions, next, &change.fields()),
        state,
        amended_by: Some(who.user),
        approved_by: Some(None),
        approved_at: Some(None),
        theme: change.theme,
        title: change.title.clone(),
        goals: change.goals.clone(),
        starts_on: Some(starts_on),
        ends_on: Some(ends_on),
        audience_areas: change.audience_areas.clone().map(Json),
        audience_roles: change.audience_roles.clone().map(Json),
        message_zh: change.message_zh.clone().map(Json),
        message_en: change.message_en.clone().map(Json),
        reminder_plan: change.reminders.clone().map(Json),
        late_policy: change.late_policy,
        updated_at: who.at,
    };
    store::amend(c, &campaign, &altered)?;
    noted(c, who, Action::CampaignWrite, &campaign, next, "amended")
}

/// How many it would reach now, and how many of those without a push.
pub fn preview(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Count> {
    let campaign = store::visible(c, who, Action::CampaignRead, id)?;
    let audience = audience_of(c, &campaign)?;
    audience::count(c, &audience, who.at)
}

/// The audience of a stored campaign. An area abolished since then is left out.
pub fn audience_of(c: &mut DbConn, campaign: &CampaignRow) -> AppResult<Audience> {
    let mut found = Vec::new();
    for code in &campaign.audience_areas.0 {
        found.extend(areas::store::by_code(c, code)?);
    }
    Audience::of(c, &found, &campaign.audience_roles.0)
}

/// Approves what other people made.
/// The version is the one that was read: nobody approves a text they have not seen.
pub fn approve(c: &mut DbConn, who: &Who, id: Uid, read: IfMatch) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignApprove, id)?;
    read.check(campaign.version)?;
    let by_author = campaign.written_by(who.user);
    let state = machine::decide(campaign.state, CampaignStep::Approval, by_author)?;
    let mut change = transition(&campaign, state, who.at);
    (change.approved_by, change.approved_at) = (Some(who.user), Some(who.at));
    store::set_state(c, campaign.id, &change)?;
    noted(
        c,
        who,
        Action::CampaignApprove,
        &campaign,
        change.version,
        "approved",
    )
}

/// Turns the plan of an approved campaign into reminders with their instants.
pub fn schedule(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignWrite, id)?;
    let state = machine::decide(campaign.state, CampaignStep::Schedule, false)?;
    let zone = zone(&campaign.zone)?;
    let instants = plan::instants(&campaign.reminder_plan.0, campaign.starts_on.0, &zone)?;
    let rows: Vec<ReminderRow> = (1..)
        .zip(instants)
        .map(|(ordinal, due_at)| ReminderRow {
            id: Uid::new(who.at),
            campaign_id: campaign.id,
            ordinal,
            due_at,
            expires_at: due_at.plus(WORTH),
            state: ReminderState::Planned,
            reached: None,
            started_at: None,
            ended_at: None,
        })
        .collect();
    store::insert_reminders(c, &rows)?;
    let change = transition(&campaign, state, who.at);
    store::set_state(c, campaign.id, &change)?;
    noted(
        c,
        who,
        Action::CampaignWrite,
        &campaign,
        change.version,
        "scheduled",
    )
}

/// Stops a campaign: no further reminder, and what waits in the outbox is dropped when its turn comes.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignWrite, id)?;
    let state = machine::decide(campaign.state, CampaignStep::Cancellation, false)?;
    let mut change = transition(&campaign, state, who.at);
    change.cancelled_at = Some(who.at);
    store::set_state(c, campaign.id, &change)?;
    store::cancel_reminders(c, &campaign, who.at)?;
    noted(
        c,
        who,
        Action::CampaignWrite,
        &campaign,
        change.version,
        "cancelled",
    )
}

/// What a step to this state changes.
pub(super) fn transition(row: &CampaignRow, state: CampaignState, at: Micros) -> Transition {
    let version = row.version + 1;
    Transition {
        version,
        field_versions: sync::touch(&row.field_versions, version, &["state"]),
        state,
        approved_by: None,
        approved_at: None,
        cancelled_at: None,
        updated_at: at,
    }
}

/// Audit and feed of one change.
fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    row: &CampaignRow,
    version: i64,
    what: &str,
) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what });
    let entry = Entry::new(action, "campaign", row.id, row.place()).with(&facts);
    audit::record(c, who, entry.of(row.area()))?;
    sync::record_change(
        c,
        Change::upsert(Kind::Campaign, row.id, version, row.place(), who.at),
    )
}

/// A handle read again after its write, for the answer.
pub fn read(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Handle<CampaignRow>> {
    store::visible(c, who, Action::CampaignRead, id)
}
