//! All SQL about alarms and how far giving them out has come.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::*;
use crate::db::schema::{campaign_alarm_runs, campaign_alarms, campaign_reminders, campaigns};
use crate::db::{DbConn, Micros, Uid, groups};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{each_backend, first_locked};

/// Begins a run, or a run anew.
pub fn begin(c: &mut DbConn, campaign: Uid, round: i64, withdraws: bool) -> AppResult<()> {
    let run = RunRow {
        campaign_id: campaign,
        round,
        withdraws,
        reached: None,
    };
    each_backend!(c, |c| diesel::insert_into(campaign_alarm_runs::table)
        .values(&run)
        .on_conflict(campaign_alarm_runs::campaign_id)
        .do_update()
        .set((
            campaign_alarm_runs::round.eq(run.round),
            campaign_alarm_runs::withdraws.eq(run.withdraws),
            campaign_alarm_runs::reached.eq(run.reached),
        ))
        .execute(c))?;
    Ok(())
}

/// Campaigns with a run that goes on.
pub fn open(c: &mut DbConn, limit: i64) -> AppResult<Vec<Uid>> {
    Ok(campaign_alarm_runs::table
        .select(campaign_alarm_runs::campaign_id)
        .order(campaign_alarm_runs::campaign_id)
        .limit(limit)
        .load(c)?)
}

pub fn locked_run(c: &mut DbConn, campaign: Uid) -> AppResult<Option<RunRow>> {
    Ok(first_locked!(
        c,
        campaign_alarm_runs::table
            .find(campaign)
            .select(RunRow::as_select())
    )
    .optional()?)
}

/// Stores how far a run came.
pub fn put_run(c: &mut DbConn, run: &RunRow) -> AppResult<()> {
    diesel::update(campaign_alarm_runs::table.find(run.campaign_id))
        .set((
            campaign_alarm_runs::withdraws.eq(run.withdraws),
            campaign_alarm_runs::reached.eq(run.reached),
        ))
        .execute(c)?;
    Ok(())
}

pub fn end(c: &mut DbConn, campaign: Uid) -> AppResult<()> {
    diesel::delete(campaign_alarm_runs::table.find(campaign)).execute(c)?;
    Ok(())
}

/// Gives somebody the alarm of a campaign, or the one they have its new version; answers its id.
pub fn put(
    c: &mut DbConn,
    campaign: Uid,
    user: Uid,
    area: Option<Uid>,
    round: i64,
    now: Micros,
) -> AppResult<Uid> {
    let held: Option<Uid> = campaign_alarms::table
        .filter(campaign_alarms::campaign_id.eq(campaign))
        .filter(campaign_alarms::user_id.eq(user))
        .select(campaign_alarms::id)
        .first(c)
        .optional()?;
    if let Some(id) = held {
        diesel::update(campaign_alarms::table.find(id))
            .set((
                campaign_alarms::version.eq(round),
                campaign_alarms::area_id.eq(area),
                campaign_alarms::updated_at.eq(now.0),
            ))
            .execute(c)?;
        return Ok(id);
    }
    let row = AlarmRow {
        id: Uid::new(now),
        version: round,
        user_id: user,
        campaign_id: campaign,
        area_id: area,
        created_at: now,
        updated_at: now,
    };
    diesel::insert_into(campaign_alarms::table)
        .values(&row)
        .execute(c)?;
    Ok(row.id)
}

/// Alarms of a campaign from before a round, with their owners.
pub fn older(c: &mut DbConn, campaign: Uid, round: i64, limit: i64) -> AppResult<Vec<(Uid, Uid)>> {
    Ok(campaign_alarms::table
        .filter(campaign_alarms::campaign_id.eq(campaign))
        .filter(campaign_alarms::version.lt(round))
        .select((campaign_alarms::id, campaign_alarms::user_id))
        .order(campaign_alarms::id)
        .limit(limit)
        .load(c)?)
}

pub fn remove(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<()> {
    diesel::delete(campaign_alarms::table.filter(campaign_alarms::id.eq_any(ids))).execute(c)?;
    Ok(())
}

type Found = Vec<(AlarmRow, CampaignRow)>;

/// A page of somebody's alarms, newest first, with their campaigns.
pub fn list(c: &mut DbConn, user: Uid, page: Page) -> AppResult<Found> {
    let mut query = campaign_alarms::table
        .inner_join(campaigns::table)
        .filter(campaign_alarms::user_id.eq(user))
        .select((AlarmRow::as_select(), CampaignRow::as_select()))
        .order(campaign_alarms::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(campaign_alarms::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Somebody's own alarms among these ids, with their campaigns.
pub fn among(c: &mut DbConn, user: Uid, ids: &[Uid]) -> AppResult<Found> {
    Ok(campaign_alarms::table
        .inner_join(campaigns::table)
        .filter(campaign_alarms::user_id.eq(user))
        .filter(campaign_alarms::id.eq_any(ids.to_vec()))
        .select((AlarmRow::as_select(), CampaignRow::as_select()))
        .load(c)?)
}

/// The reminders of several campaigns.
pub fn reminders_of(
    c: &mut DbConn,
    campaigns: Vec<Uid>,
) -> AppResult<HashMap<Uid, Vec<ReminderRow>>> {
    let rows = campaign_reminders::table
        .filter(campaign_reminders::campaign_id.eq_any(campaigns))
        .select(ReminderRow::as_select())
        .order(campaign_reminders::ordinal)
        .load(c)?;
    Ok(groups(rows, |row: &ReminderRow| row.campaign_id))
}
