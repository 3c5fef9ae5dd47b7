//! Alarms: campaigns in the pockets of those whom they will remind.
//!
//! The reminders of a scheduled campaign are known in advance, so each person of its audience is given a record of
//! their own through sync, with every instant and what will be said: a phone rings by itself, where no push comes.
//! They are given out and taken back page by page, as reminders are sent; a process that dies in between goes on
//! after the last committed page. A follow-up is in no alarm: whom it goes to is known when it is sent.

use super::lifecycle::{audience_of, today, zone};
use super::model::*;
use super::{alarms_store as store, audience, store as campaigns_store, texts};
use crate::auth::Place;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::notifications::announce::Text;
use crate::state::App;
use crate::sync::{self, Change, Kind};

/// Users a transaction.
const PAGE: i64 = 200;
/// Campaigns a look.
const LOOK: i64 = 20;

/// Begins to give the alarms of a campaign out, or anew; `round` is the campaign's version.
pub(super) fn give_out(c: &mut DbConn, campaign: Uid, round: i64) -> AppResult<()> {
    store::begin(c, campaign, round, false)
}

/// Begins to take the alarms of a campaign back.
pub(super) fn withdraw(c: &mut DbConn, campaign: Uid, round: i64) -> AppResult<()> {
    store::begin(c, campaign, round, true)
}

/// One look; true when there is more to do at once.
pub async fn run(app: &App) -> AppResult<bool> {
    let now = app.clock.now();
    let open = app.db.read(|c| store::open(c, LOOK)).await?;
    let mut more = open.len() as i64 == LOOK;
    for campaign in open {
        match app.db.write(move |c| page(c, campaign, now)).await {
            Ok(unfinished) => more |= unfinished,
            Err(e) => {
                tracing::error!(%campaign, cause = ?e, "alarms could not be given out; it is tried again")
            }
        }
    }
    Ok(more)
}

/// One page of a campaign; true when others follow.
fn page(c: &mut DbConn, campaign: Uid, now: Micros) -> AppResult<bool> {
    // The campaign first, as every command does.
    let Some(campaign) = campaigns_store::locked_row(c, campaign)? else {
        return Ok(false);
    };
    let Some(run) = store::locked_run(c, campaign.id)? else {
        return Ok(false);
    };
    match run.withdraws {
        true => take_back(c, &campaign, &run, now),
        false => give(c, &campaign, run, now),
    }
}

/// Gives a page of the audience its alarms; at the end, those who are in it no longer lose theirs.
fn give(c: &mut DbConn, campaign: &CampaignRow, mut run: RunRow, now: Micros) -> AppResult<bool> {
    let audience = audience_of(c, campaign)?;
    let (people, more) = audience::recipients(c, &audience, now, run.reached, PAGE)?;
    for person in &people {
        let Place {
            county,
            town,
            village,
        } = person.place;
        // Who works for more than a county reads the campaign's own area.
        let area = village.or(town).or(county).or(Some(campaign.area_id));
        let id = store::put(c, campaign.id, person.user, area, run.round, now)?;
        changed(c, id, person.user, run.round, now, false)?;
    }
    run.reached = people.last().map(|p| p.user).or(run.reached);
    run.withdraws = !more;
    store::put_run(c, &run)?;
    Ok(true)
}

/// Takes back a page of the alarms that are of an earlier round.
fn take_back(c: &mut DbConn, campaign: &CampaignRow, run: &RunRow, now: Micros) -> AppResult<bool> {
    let gone = store::older(c, campaign.id, run.round, PAGE)?;
    for (id, user) in &gone {
        changed(c, *id, *user, run.round, now, true)?;
    }
    store::remove(c, gone.iter().map(|(id, _)| *id).collect())?;
    let more = gone.len() as i64 == PAGE;
    if !more {
        store::end(c, campaign.id)?;
    }
    Ok(more)
}

/// The feed row of an alarm: its owner's alone.
fn changed(
    c: &mut DbConn,
    id: Uid,
    user: Uid,
    version: i64,
    now: Micros,
    gone: bool,
) -> AppResult<()> {
    let nowhere = Place::default();
    let change = Change::upsert(Kind::CampaignAlarm, id, version, nowhere, now)
        .seen_by([Some(user), None])
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
