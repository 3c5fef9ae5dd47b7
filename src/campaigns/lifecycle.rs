//! Approving, scheduling and cancelling campaigns, and whom they reach.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::alarms;
use super::announced;
use super::audience::Audience;
use super::machine::{self, CampaignState, CampaignStep};
use super::model::*;
use super::occurrences;
use super::plan;
use super::store::{self, Transition};
use super::writers_store;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::precondition::IfMatch;
use crate::sync::{self, Change, Kind};

/// How long a reminder is worth pushing.
pub const WORTH: i64 = Micros::DAY;

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

/// The audience of a stored campaign. An area abolished since then is left out.
pub fn audience_of(c: &mut DbConn, campaign: &CampaignRow) -> AppResult<Audience> {
    let limits = &campaign.audience_limits.0;
    let found = live(c, &campaign.audience_areas.0)?;
    let except = live(c, &limits.except_areas)?;
    Audience::of(c, &found, &except, &campaign.audience_roles.0, limits)
}

fn live(c: &mut DbConn, codes: &[String]) -> AppResult<Vec<AreaRow>> {
    let mut found: Vec<AreaRow> = Vec::with_capacity(codes.len());
    for code in codes {
        // Two that were merged are one.
        let area = areas::store::today_of(c, code)?;
        found.extend(area.filter(|area| found.iter().all(|known| known.id != area.id)));
    }
    Ok(found)
}

/// Approves what other people made, for areas that are the approver's own, too.
/// The version is the one that was read: nobody approves a text they have not seen.
pub fn approve(c: &mut DbConn, who: &Who, id: Uid, read: IfMatch) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignApprove, id)?;
    read.check(campaign.version)?;
    let writers = writers_store::of_one(c, campaign.id)?;
    let by_author = campaign.written_by(who.user, &writers);
    let state = machine::decide(campaign.state, CampaignStep::Approval, by_author)?;
    // Each lies in the campaign's area, unless areas changed since it was written.
    let reached = live(c, &campaign.audience_areas.0)?;
    let own = |area: &AreaRow| who.may_of(Action::CampaignApprove, area.id, &area.place());
    if !reached.iter().all(own) {
        return Err(AppError::of(Code::ForbiddenAction));
    }
    let mut change = transition(&campaign, state, who.at);
    (change.approved_by, change.approved_at) = (Some(who.user), Some(who.at));
    store::set_state(c, campaign.id, &change)?;
    writers_store::forget(c, &campaign)?;
    noted(
        c,
        who,
        Action::CampaignApprove,
        &campaign,
        change.version,
        "approved",
    )
}

/// Turns the plan of an approved campaign into reminders with their instants. One that was scheduled before and
/// changed since keeps what was sent or skipped.
pub fn schedule(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let campaign = store::locked(c, who, Action::CampaignWrite, id)?;
    let state = machine::decide(campaign.state, CampaignStep::Schedule, false)?;
    let zone = zone(&campaign.zone)?;
    let instants = plan::instants(&campaign.reminder_plan.0, campaign.starts_on.0, &zone)?;
    let before = store::reminders(c, campaign.id)?;
    let rows = occurrences::rows(&campaign, &instants, &before, who.at);
    store::insert_reminders(c, &rows)?;
    let change = transition(&campaign, state, who.at);
    store::set_state(c, campaign.id, &change)?;
    announced::announce(c, &campaign)?;
    alarms::give_out(c, campaign.id, change.version)?;
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
    alarms::withdraw(c, campaign.id, change.version)?;
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
pub(super) fn noted(
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
