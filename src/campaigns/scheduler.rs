//! Sending reminders when their time comes, and ending campaigns that are over.
//!
//! Recipients are looked up when a reminder is sent, not when it was planned. Each page of them is one
//! transaction: inbox rows, outbox rows, and how far the run came. A process that dies in between goes on
//! after the last committed page, and the inbox's own key lets nobody be told twice.

use jiff::tz::TimeZone;
use std::collections::BTreeMap;

use super::lifecycle::{audience_of, end_of, today, transition, zone};
use super::machine::{self, CampaignState, CampaignStep};
use super::model::{CampaignRow, ReminderRow, ReminderState};
use super::plan::{self, Due};
use super::{alarms, audience, results_store, store, texts};
use crate::areas;
use crate::auth::Placed;
use crate::db::{DbConn, Micros, Uid, indexed, unhurried};
use crate::error::AppResult;
use crate::notifications::announce::{Announcement, Recipient, announce};
use crate::notifications::model::NotificationKind;
use crate::push::quarters::Ramp;
use crate::state::App;
use crate::sync::{self, Change, Kind};

/// Recipients a transaction: SQLite's one writer has others to serve, on PostgreSQL each statement is a trip.
fn page_size(app: &App) -> i64 {
    let most = if app.db.is_sqlite() { 800 } else { 1_000 };
    app.db.page(most)
}
/// Reminders and campaigns a look.
const LOOK: i64 = 20;

/// One look at the calendar; true when there is more to do at once.
pub async fn run(app: &App) -> AppResult<bool> {
    let now = app.clock.now();
    let due = app
        .db
        .read(move |c| store::due_reminders(c, now, LOOK))
        .await?;
    let spread = app.config.push_ramp_micros;
    let mut more = due.len() as i64 == LOOK;
    for (reminder, campaign) in due {
        let size = page_size(app);
        let page = app
            .db
            .write_behind(move |c| page(c, (reminder, campaign), size, spread, now));
        // One campaign's trouble is not the others'.
        match page.await {
            Ok(unfinished) => more |= unfinished,
            Err(e) => {
                tracing::error!(%campaign, cause = ?e, "a reminder could not be sent; it is tried again")
            }
        }
        app.outbox.notify_waiters();
    }
    more |= finish(app, now).await?;
    Ok(more)
}

/// Sends one page of a reminder; true when others follow.
fn page(
    c: &mut DbConn,
    (reminder, campaign): (Uid, Uid),
    size: i64,
    spread: i64,
    now: Micros,
) -> AppResult<bool> {
    // The campaign first, as every command does: two lockers in two orders would block each other.
    let Some(mut campaign) = store::locked_row(c, campaign)? else {
        return Ok(false);
    };
    let Some(mut reminder) = store::locked_reminder(c, reminder)? else {
        return Ok(false);
    };
    let open = matches!(
        reminder.state,
        ReminderState::Planned | ReminderState::Sending
    );
    let runs = matches!(
        campaign.state,
        CampaignState::Scheduled | CampaignState::Running
    );
    // Another process was faster, or somebody cancelled.
    if !open || !runs || reminder.due_at > now {
        return Ok(false);
    }
    let zone = zone(&campaign.zone)?;
    let last = end_of(campaign.ends_on.0, &zone);
    if !opened(c, &campaign, &mut reminder, last, now, &zone)? {
        return Ok(false);
    }
    if campaign.state == CampaignState::Scheduled {
        step(c, &mut campaign, CampaignStep::Start, now)?;
    }
    let audience = audience_of(c, &campaign)?;
    indexed(c)?;
    let (recipients, more) = audience::recipients(c, &audience, now, reminder.reached, size)?;
    reminder.reached = recipients.last().map(|r| r.user).or(reminder.reached);
    let meant = meant(c, &campaign, &reminder, recipients)?;
    let offset = i64::from(zone.to_offset(now.timestamp()).seconds());
    let ramp = (spread > 0).then_some(Ramp {
        over: spread,
        offset: offset * Micros::SECOND,
    });
    for (area, recipients) in by_area(c, &campaign, meant)? {
        let what = Announcement {
            ramp,
            ..announcement(&campaign, &reminder, today(&zone, now), &area)
        };
        announce(c, now, &what, &recipients)?;
    }
    if more {
        // A page that a power cut takes was pushed to nobody: leasing its pushes is a commit that waits for the disk.
        unhurried(c)?;
    } else {
        reminder.state = ReminderState::Sent;
        reminder.ended_at = Some(now);
    }
    store::put_reminder(c, &reminder)?;
    Ok(more)
}

/// Those of a page whom a reminder is for: a follow-up is for who was told before and has not acknowledged.
fn meant(
    c: &mut DbConn,
    campaign: &CampaignRow,
    reminder: &ReminderRow,
    recipients: Vec<Recipient>,
) -> AppResult<Vec<Recipient>> {
    if !reminder.follow_up {
        return Ok(recipients);
    }
    let users: Vec<Uid> = recipients.iter().map(|r| r.user).collect();
    let waited_for = results_store::unacknowledged(c, campaign.id, &users)?;
    let meant = recipients.into_iter();
    Ok(meant.filter(|r| waited_for.contains(&r.user)).collect())
}

/// The same by the name of the area where they work, where the words speak of it; else together.
fn by_area(
    c: &mut DbConn,
    campaign: &CampaignRow,
    recipients: Vec<Recipient>,
) -> AppResult<Vec<(String, Vec<Recipient>)>> {
    if ![&campaign.message_zh.0, &campaign.message_en.0]
        .map(texts::names_area)
        .contains(&true)
    {
        return Ok(vec![(String::new(), recipients)]);
    }
    let area = |r: &Recipient| r.place.village.or(r.place.town).or(r.place.county);
    let ids = recipients.iter().filter_map(area).chain([campaign.area_id]);
    let names = areas::store::named(c, ids.collect())?;
    let mut out: BTreeMap<Uid, Vec<Recipient>> = BTreeMap::new();
    for recipient in recipients {
        // Who works for more than a county reads the campaign's own area.
        let id = area(&recipient).unwrap_or(campaign.area_id);
        out.entry(id).or_default().push(recipient);
    }
    let name = |id: &Uid| names.get(id).map(|(_, name)| name.clone());
    let named = out.into_iter();
    Ok(named
        .map(|(id, some)| (name(&id).unwrap_or_default(), some))
        .collect())
}

/// Whether a reminder goes out now, or goes on; where its time has passed the campaign's policy says.
fn opened(
    c: &mut DbConn,
    campaign: &CampaignRow,
    reminder: &mut ReminderRow,
    last: Micros,
    now: Micros,
    zone: &TimeZone,
) -> AppResult<bool> {
    let under_way = reminder.state == ReminderState::Sending;
    // A run that stood still for longer than it is worth is as late as one that never began.
    if under_way && now < reminder.expires_at {
        return Ok(true);
    }
    let mut due = plan::due(campaign.late_policy, reminder.due_at, now, last, zone);
    // Of several that were missed the newest says what all would: one is enough.
    if due == Due::Send
        && plan::is_late(reminder.due_at, now)
        && store::said_since(c, reminder, now)?
    {
        due = Due::Skip;
    }
    match due {
        Due::Send => {
            reminder.state = ReminderState::Sending;
            reminder.started_at = Some(now);
            // However late it begins, it is worth a day from then.
            reminder.expires_at = now.plus(super::lifecycle::WORTH);
            return Ok(true);
        }
        Due::Move(to) if !store::reminds_at(c, campaign.id, to)? => {
            reminder.due_at = to;
            reminder.expires_at = to.plus(super::lifecycle::WORTH);
            reminder.started_at = under_way.then_some(to);
            store::put_reminder(c, reminder)?;
            // Phones that would ring by themselves hear of the new instant.
            alarms::give_out(c, campaign.id, campaign.version)?;
            return Ok(false);
        }
        // Too late, or the next one says the same at that instant: one is enough. Those who were told were told.
        Due::Skip | Due::Move(_) => {
            reminder.state = match under_way {
                true => ReminderState::Sent,
                false => ReminderState::Skipped,
            };
            reminder.ended_at = Some(now);
        }
    }
    store::put_reminder(c, reminder)?;
    Ok(false)
}

fn announcement(
    campaign: &CampaignRow,
    reminder: &ReminderRow,
    today: jiff::civil::Date,
    area: &str,
) -> Announcement {
    let facts = campaign.facts(today);
    let (title, body) = texts::render(&campaign.message_zh.0, &campaign.message_en.0, &facts, area);
    Announcement {
        kind: NotificationKind::CampaignReminder,
        title,
        body,
        subject: Some((Kind::Campaign, campaign.id)),
        campaign: Some(campaign.id),
        occurrence: reminder.occurrence_id,
        not_before: reminder.started_at.unwrap_or(reminder.due_at),
        ramp: None,
        expires_at: reminder.expires_at,
    }
}

/// Ends the campaigns whose last day has passed and that have nothing left to send.
async fn finish(app: &App, now: Micros) -> AppResult<bool> {
    let over = app.db.read(move |c| store::over(c, now, LOOK)).await?;
    let more = over.len() as i64 == LOOK;
    for id in over {
        app.db
            .write(move |c| {
                let Some(mut campaign) = store::locked_row(c, id)? else {
                    return Ok(());
                };
                let open = store::reminders(c, id)?
                    .iter()
                    .any(|r| matches!(r.state, ReminderState::Planned | ReminderState::Sending));
                let zone = zone(&campaign.zone)?;
                let ended = today(&zone, now) > campaign.ends_on.0;
                let stands = machine::decide(campaign.state, CampaignStep::Finish, false).is_ok();
                if stands && ended && !open {
                    step(c, &mut campaign, CampaignStep::Finish, now)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(more)
}

/// A step that nobody takes: it happens because its time has come.
fn step(
    c: &mut DbConn,
    campaign: &mut CampaignRow,
    step: CampaignStep,
    now: Micros,
) -> AppResult<()> {
    let state = machine::decide(campaign.state, step, false)?;
    let change = transition(campaign, state, now);
    store::set_state(c, campaign.id, &change)?;
    (campaign.state, campaign.version) = (state, change.version);
    campaign.field_versions = change.field_versions;
    sync::record_change(
        c,
        Change::upsert(
            Kind::Campaign,
            campaign.id,
            campaign.version,
            campaign.place(),
            now,
        ),
    )
}
