//! Changing a campaign, before it is scheduled and while it runs.
//!
//! What people are told was approved by somebody who wrote none of it, so a change of it takes the approval back: the campaign is a
//! draft again, the reminders that were not sent yet are withdrawn, and nothing goes out until it was approved and
//! scheduled anew. What was sent stays sent, to whom it was sent: from the first reminder on the audience and the
//! festival's days are what they were. Goals, materials and targets reach nobody's inbox: of a campaign that is
//! scheduled or runs they change without a stop.

use super::alarms;
use super::drafts::{self, KeptWords, WantedAudience, Words};
use super::lifecycle::{noted, today, zone};
use super::machine::{self, CampaignState, CampaignStep};
use super::means::{self, CampaignBudget, CampaignMaterial, CampaignTargets};
use super::model::*;
use super::plan::{self, LatePolicy, PlannedReminder};
use super::store::{self, CampaignAmendment};
use super::texts::{self, ReminderText};
use super::writers_store;
use crate::auth::{Action, Handle, Who};
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::UpTo;
use crate::sync;

/// A change; `None` leaves a field.
#[derive(Debug, Clone, Default)]
pub struct CampaignChange {
    pub theme: Option<CampaignTheme>,
    pub title: Option<String>,
    pub goals: Option<Option<String>>,
    pub starts_on: Option<Day>,
    pub ends_on: Option<Day>,
    pub audience: Option<WantedAudience>,
    pub words: Words,
    pub reminders: Option<Vec<PlannedReminder>>,
    pub late_policy: Option<LatePolicy>,
    pub materials: Option<UpTo<50, CampaignMaterial>>,
    pub budget: Option<Option<CampaignBudget>>,
    pub targets: Option<Option<CampaignTargets>>,
}

impl CampaignChange {
    /// What of it is otherwise than the campaign stands: what is said again is no change.
    fn of(&self, campaign: &CampaignRow) -> CampaignChange {
        fn other<T: Clone + PartialEq>(new: &Option<T>, old: &T) -> Option<T> {
            new.as_ref().filter(|new| *new != old).cloned()
        }
        let means = &campaign.means.0;
        let stands = |audience: &&WantedAudience| {
            audience.areas == campaign.audience_areas.0
                && audience.roles == campaign.audience_roles.0
                && audience.limits == campaign.audience_limits.0
        };
        let said_again = |words: &Words| {
            words.template.is_none()
                && campaign.template_id.is_none()
                && other(&words.zh, &campaign.message_zh.0).is_none()
                && other(&words.en, &campaign.message_en.0).is_none()
        };
        let starts_on = other(&self.starts_on, &campaign.starts_on);
        CampaignChange {
            theme: other(&self.theme, &campaign.theme),
            title: other(&self.title, &campaign.title),
            goals: other(&self.goals, &campaign.goals),
            starts_on,
            // Said beside another first day it says that the last one stays.
            ends_on: match starts_on {
                Some(_) => self.ends_on,
                None => other(&self.ends_on, &campaign.ends_on),
            },
            audience: self.audience.clone().filter(|a| !stands(&a)),
            words: match said_again(&self.words) {
                true => Words::default(),
                false => self.words.clone(),
            },
            reminders: other(&self.reminders, &campaign.reminder_plan.0),
            late_policy: other(&self.late_policy, &campaign.late_policy),
            materials: other(&self.materials, &means.materials),
            budget: other(&self.budget, &means.budget),
            targets: other(&self.targets, &means.targets),
        }
    }

    fn fields(&self) -> Vec<&'static str> {
        [
            ("theme", self.theme.is_some()),
            ("title", self.title.is_some()),
            ("goals", self.goals.is_some()),
            ("starts_on", self.starts_on.is_some()),
            ("ends_on", self.ends_on.is_some()),
            ("audience.areas", self.audience.is_some()),
            ("audience.roles", self.audience.is_some()),
            ("template_id", self.words.template.is_some()),
            ("message_zh", self.words.are_given()),
            ("message_en", self.words.are_given()),
            ("reminders", self.reminders.is_some()),
            ("late_policy", self.late_policy.is_some()),
            ("materials", self.materials.is_some()),
            ("budget", self.budget.is_some()),
            ("targets", self.targets.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }

    /// Whether it changes nothing that was approved for being sent or paid.
    fn is_quiet(&self) -> bool {
        let quiet = ["goals", "materials", "targets"];
        self.fields().iter().all(|field| quiet.contains(field))
    }

    /// The words after the change: one language may change alone.
    fn words_after(&self, campaign: &CampaignRow) -> Option<Words> {
        if !self.words.are_given() {
            return None;
        }
        if self.words.template.is_some() {
            return Some(self.words.clone());
        }
        let or = |new: &Option<ReminderText>, old: &Json<ReminderText>| {
            Some(new.clone().unwrap_or_else(|| old.0.clone()))
        };
        Some(Words {
            template: None,
            zh: or(&self.words.zh, &campaign.message_zh),
            en: or(&self.words.en, &campaign.message_en),
        })
    }
}

/// What was sent holds an amendment back.
fn check_sent(
    c: &mut DbConn,
    campaign: &Handle<CampaignRow>,
    change: &CampaignChange,
) -> AppResult<()> {
    let reminders = store::reminders(c, campaign.id)?;
    let is = |state: ReminderState| reminders.iter().any(|r| r.state == state);
    if is(ReminderState::Sending) {
        // Half of the audience would read one text, half the other.
        return Err(AppError::state_forbids("sending", ["cancellation"]));
    }
    if is(ReminderState::Sent) && change.audience.is_some() {
        return Err(AppError::field("/audience", Fault::NotFitting));
    }
    Ok(())
}

/// Changes a campaign. What was approved must be approved again, unless nobody is told of the change.
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
    let change = &change.of(&campaign);
    if change.fields().is_empty() {
        // Nobody wrote anything: what was approved stays approved.
        return Ok(());
    }
    let scheduled = matches!(
        campaign.state,
        CampaignState::Scheduled | CampaignState::Running
    );
    let goes_on = scheduled && change.is_quiet();
    if !goes_on {
        check_sent(c, &campaign, change)?;
    }
    let kept = check(c, who, &campaign, change, goes_on)?;
    let next = campaign.version + 1;
    let mut means = campaign.means.0.clone();
    if let Some(materials) = &change.materials {
        means.materials = materials.clone();
    }
    if let Some(budget) = &change.budget {
        means.budget = budget.clone();
    }
    if let Some(targets) = &change.targets {
        means.targets = targets.clone();
    }
    let withdrawn = (!goes_on).then_some(None);
    let altered = CampaignAmendment {
        version: next,
        field_versions: sync::touch(&campaign.field_versions, next, &change.fields()),
        state: if goes_on { campaign.state } else { state },
        amended_by: (!goes_on).then_some(who.user),
        approved_by: withdrawn,
        approved_at: (!goes_on).then_some(None),
        theme: change.theme,
        title: change.title.clone(),
        goals: change.goals.clone(),
        starts_on: Some(kept.starts_on),
        ends_on: Some(kept.ends_on),
        audience_areas: change.audience.as_ref().map(|a| Json(a.areas.clone())),
        audience_roles: change.audience.as_ref().map(|a| Json(a.roles.clone())),
        audience_limits: change.audience.as_ref().map(|a| Json(a.limits.clone())),
        template_id: kept.words.as_ref().map(|words| words.template),
        message_zh: kept.words.as_ref().map(|words| Json(words.zh.clone())),
        message_en: kept.words.as_ref().map(|words| Json(words.en.clone())),
        reminder_plan: change.reminders.clone().map(Json),
        late_policy: change.late_policy,
        means: Some(Json(means)),
        updated_at: who.at,
    };
    store::amend(c, &campaign, &altered)?;
    if !goes_on {
        let writer = Writer {
            campaign_id: campaign.id,
            user_id: who.user,
            version: next,
        };
        writers_store::note(c, writer)?;
    }
    if scheduled && !goes_on {
        store::drop_planned(c, &campaign)?;
        alarms::withdraw(c, campaign.id, next)?;
    }
    noted(c, who, Action::CampaignWrite, &campaign, next, "amended")
}

/// What of a change had to be looked up.
struct Kept {
    words: Option<KeptWords>,
    starts_on: Day,
    ends_on: Day,
}

/// Whether the campaign is a right one after the change.
fn check(
    c: &mut DbConn,
    who: &Who,
    campaign: &CampaignRow,
    change: &CampaignChange,
    goes_on: bool,
) -> AppResult<Kept> {
    if let Some(Some(budget)) = &change.budget {
        means::check_budget(budget)?;
    }
    if goes_on {
        return Ok(Kept {
            words: None,
            starts_on: campaign.starts_on,
            ends_on: campaign.ends_on,
        });
    }
    let title = change.title.as_ref().unwrap_or(&campaign.title);
    texts::check_title(title)?;
    let theme = change.theme.unwrap_or(campaign.theme);
    let words = match change.words_after(campaign) {
        Some(words) => Some(drafts::check_words(c, &words, title, theme)?),
        None => {
            // The words that stay must fit the new title, too.
            let standing = KeptWords {
                template: None,
                zh: campaign.message_zh.0.clone(),
                en: campaign.message_en.0.clone(),
            };
            drafts::fits(&standing, title, theme)
                .map_err(|_| AppError::field("/title", Fault::FilledTooLong))?;
            None
        }
    };
    let zone = zone(&campaign.zone)?;
    let today = today(&zone, who.at);
    // Moving the first day moves the last one along, unless that is given, too.
    let ends_on = match (change.starts_on, change.ends_on) {
        (None, None) => Some(campaign.ends_on),
        (_, given) => given,
    };
    let starts_on = change.starts_on.or(Some(campaign.starts_on));
    let (starts_on, ends_on) = drafts::days(c, campaign.festival_id, starts_on, ends_on, today)?;
    let standing = || WantedAudience {
        areas: campaign.audience_areas.0.clone(),
        roles: campaign.audience_roles.0.clone(),
        limits: campaign.audience_limits.0.clone(),
    };
    let audience = change.audience.clone().unwrap_or_else(standing);
    drafts::check_audience(c, campaign.area_id, &audience)?;
    let reminders = change
        .reminders
        .as_ref()
        .unwrap_or(&campaign.reminder_plan.0);
    plan::check(reminders, starts_on.0, ends_on.0, &zone)?;
    Ok(Kept {
        words,
        starts_on,
        ends_on,
    })
}
