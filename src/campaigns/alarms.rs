//! Alarms: campaigns in the pockets of those whom they will remind.
//!
//! The reminders of a scheduled campaign are known in advance, so each person of its audience is given a record of
//! their own through sync, with every instant and what will be said: a phone rings by itself, where no push comes.
//! They are given out and taken back page by page, as reminders are sent; a process that dies in between goes on
//! after the last committed page. While there is something to ring for, a sweep looks again and again who joined the
//! audience and who left it, and leaves everybody else's alarm as it is. A follow-up is in no alarm: whom it goes to
//! is known when it is sent.

use super::lifecycle::{audience_of, today, zone};
use super::machine::CampaignState;
use super::model::*;
use super::{alarms_store as store, audience, store as campaigns_store, texts};
use crate::auth::Place;
use crate::db::{DbConn, Micros, Uid, indexed};
use crate::error::AppResult;
use crate::notifications::announce::Text;
use crate::state::App;
use crate::sync::{self, Change, Kind};

/// Users a transaction.
const PAGE: i64 = 200;
/// Campaigns a look.
const LOOK: i64 = 20;
/// How often it is asked who joined and who left: assignments begin and end by themselves, too.
const EVERY: i64 = 6 * Micros::HOUR;
/// The round of a sweep: no alarm is of an earlier one.
pub const SWEEP: i64 = 0;

/// Begins to give the alarms of a campaign out, or anew; `round` is the campaign's version.
pub(super) fn give_out(c: &mut DbConn, campaign: Uid, round: i64) -> AppResult<()> {
    store::begin(c, &run_of(campaign, round))
}

/// Begins to take the alarms of a campaign back.
pub(super) fn withdraw(c: &mut DbConn, campaign: Uid, round: i64) -> AppResult<()> {
    let run = RunRow {
        withdraws: true,
        ..run_of(campaign, round)
    };
    store::begin(c, &run)
}

/// A run that begins at once.
fn run_of(campaign: Uid, round: i64) -> RunRow {
    RunRow {
        campaign_id: campaign,
        round,
        withdraws: false,
        reached: None,
        checks: false,
        next_at: Micros(0),
    }
}

/// One look; true when there is more to do at once.
pub async fn run(app: &App) -> AppResult<bool> {
    let now = app.clock.now();
    let open = app.db.read(move |c| store::open(c, now, LOOK)).await?;
    let mut more = open.len() as i64 == LOOK;
    for campaign in open {
        let size = app.db.page(PAGE);
        match app
            .db
            .write_behind(move |c| page(c, campaign, size, now))
            .await
        {
            Ok(unfinished) => more |= unfinished,
            Err(e) => {
                tracing::error!(%campaign, cause = ?e, "alarms could not be given out; it is tried again")
            }
        }
    }
    Ok(more)
}

/// One page of a campaign; true when others follow.
fn page(c: &mut DbConn, campaign: Uid, size: i64, now: Micros) -> AppResult<bool> {
    // The campaign first, as every command does.
    let Some(campaign) = campaigns_store::locked_row(c, campaign)? else {
        return Ok(false);
    };
    let Some(run) = store::locked_run(c, campaign.id)? else {
        return Ok(false);
    };
    indexed(c)?;
    let runs = matches!(
        campaign.state,
        CampaignState::Scheduled | CampaignState::Running
    );
    if run.withdraws {
        take_back(c, &campaign, size, now)
    } else if run.next_at > now {
        // Another process was faster.
        Ok(false)
    } else if !runs {
        // It has ended: what phones hold of it is past.
        store::end(c, campaign.id)?;
        Ok(false)
    } else if run.checks {
        take_back_from_leavers(c, &campaign, run, size, now)
    } else {
        give(c, &campaign, run, size, now)
    }
}

/// Gives a page of the audience its alarms. A sweep touches those alone who have none, or work elsewhere now.
fn give(
    c: &mut DbConn,
    campaign: &CampaignRow,
    mut run: RunRow,
    size: i64,
    now: Micros,
) -> AppResult<bool> {
    let audience = audience_of(c, campaign)?;
    let (people, more) = audience::recipients(c, &audience, now, run.reached, size)?;
    let users: Vec<Uid> = people.iter().map(|p| p.user).collect();
    let held = store::held(c, campaign.id, &users)?;
    let (mut new, mut newer) = (Vec::new(), Vec::new());
    for person in &people {
        let Place {
            county,
            town,
            village,
        } = person.place;
        // Who works for more than a county reads the campaign's own area.
        let area = village.or(town).or(county).or(Some(campaign.area_id));
        let held = held.get(&person.user);
        if held.is_some_and(|alarm| run.round == SWEEP && alarm.area_id == area) {
            continue;
        }
        let alarm = AlarmRow {
            id: held.map_or_else(|| Uid::new(now), |alarm| alarm.id),
            // A phone's version never goes back.
            version: held.map_or(campaign.version, |alarm| run.round.max(alarm.version + 1)),
            user_id: person.user,
            campaign_id: campaign.id,
            area_id: area,
            created_at: now,
            updated_at: now,
        };
        match held {
            Some(_) => newer.push(alarm),
            None => new.push(alarm),
        }
    }
    store::put(c, &new)?;
    store::put_newer(c, &newer)?;
    sync::together(c, |c| {
        let mut given = new.iter().chain(&newer);
        given.try_for_each(|alarm| changed(c, alarm, now, false))
    })?;
    run.reached = people.last().map(|p| p.user).or(run.reached);
    if !more {
        (run.checks, run.reached) = (true, None);
    }
    store::put_run(c, &run)?;
    Ok(true)
}

/// Takes a page of the alarms back from those who are in the audience no longer; after the last one the run rests
/// until the next sweep.
fn take_back_from_leavers(
    c: &mut DbConn,
    campaign: &CampaignRow,
    mut run: RunRow,
    size: i64,
    now: Micros,
) -> AppResult<bool> {
    let audience = audience_of(c, campaign)?;
    let held = store::held_after(c, campaign.id, run.reached, size)?;
    let users: Vec<Uid> = held.iter().map(|alarm| alarm.user_id).collect();
    let stay = audience::among(c, &audience, &users, now)?;
    let gone = held.iter().filter(|alarm| !stay.contains(&alarm.user_id));
    remove(c, gone, now)?;
    if held.len() as i64 == size {
        run.reached = users.last().copied();
        store::put_run(c, &run)?;
        return Ok(true);
    }
    match store::rings_later(c, campaign.id, now)? {
        true => {
            let next = RunRow {
                next_at: now.plus(EVERY),
                ..run_of(campaign.id, SWEEP)
            };
            store::put_run(c, &next)?;
        }
        false => store::end(c, campaign.id)?,
    }
    Ok(false)
}

/// Takes back a page of all.
fn take_back(c: &mut DbConn, campaign: &CampaignRow, size: i64, now: Micros) -> AppResult<bool> {
    let held = store::held_after(c, campaign.id, None, size)?;
    remove(c, held.iter(), now)?;
    let more = held.len() as i64 == size;
    if !more {
        store::end(c, campaign.id)?;
    }
    Ok(more)
}

fn remove<'a>(
    c: &mut DbConn,
    gone: impl Iterator<Item = &'a AlarmRow>,
    now: Micros,
) -> AppResult<()> {
    let mut ids = Vec::new();
    sync::together(c, |c| {
        for alarm in gone {
            let last = AlarmRow {
                version: alarm.version + 1,
                ..alarm.clone()
            };
            changed(c, &last, now, true)?;
            ids.push(alarm.id);
        }
        Ok(())
    })?;
    store::remove(c, ids)
}

/// The feed row of an alarm: its owner's alone.
fn changed(c: &mut DbConn, alarm: &AlarmRow, now: Micros, gone: bool) -> AppResult<()> {
    let nowhere = Place::default();
    let change = Change::upsert(Kind::CampaignAlarm, alarm.id, alarm.version, nowhere, now)
        .seen_by([Some(alarm.user_id), None])
        .shown_anew();
    sync::record_change(c, if gone { change.deleted() } else { change })
}

/// One instant of an alarm, with what its reminder will say.
#[derive(Debug, Clone)]
pub struct Ring {
    pub reminder: Uid,
    pub at: Micros,
    pub title: Text,
    pub body: Text,
}

/// The instants of a campaign for somebody who works in an area of this name, soonest first.
pub fn rings(
    campaign: &CampaignRow,
    reminders: &[ReminderRow],
    area: &str,
) -> AppResult<Vec<Ring>> {
    let zone = zone(&campaign.zone)?;
    let known = |r: &&ReminderRow| !r.follow_up && r.state != ReminderState::Cancelled;
    let mut rings: Vec<Ring> = reminders
        .iter()
        .filter(known)
        .map(|reminder| {
            let facts = campaign.facts(today(&zone, reminder.due_at));
            let (title, body) =
                texts::render(&campaign.message_zh.0, &campaign.message_en.0, &facts, area);
            Ring {
                reminder: reminder.id,
                at: reminder.due_at,
                title,
                body,
            }
        })
        .collect();
    rings.sort_by_key(|ring| ring.at);
    Ok(rings)
}
