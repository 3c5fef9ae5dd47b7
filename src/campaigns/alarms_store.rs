//! All SQL about alarms and how far giving them out has come.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable};
use std::collections::HashMap;

use super::model::*;
use crate::db::schema::{campaign_alarm_runs, campaign_alarms, campaign_reminders, campaigns};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid, groups};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{each_backend, first_locked};

/// Begins a run, or a run anew.
pub fn begin(c: &mut DbConn, run: &RunRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(campaign_alarm_runs::table)
        .values(run)
        .on_conflict(campaign_alarm_runs::campaign_id)
        .do_update()
        .set((
            campaign_alarm_runs::round.eq(run.round),
            campaign_alarm_runs::withdraws.eq(run.withdraws),
            campaign_alarm_runs::reached.eq(run.reached),
            campaign_alarm_runs::checks.eq(run.checks),
            campaign_alarm_runs::next_at.eq(run.next_at),
        ))
        .execute(c))?;
    Ok(())
}

/// Campaigns with a run that goes on now.
pub fn open(c: &mut DbConn, now: Micros, limit: i64) -> AppResult<Vec<Uid>> {
    Ok(campaign_alarm_runs::table
        .filter(campaign_alarm_runs::next_at.le(now.0))
        .select(campaign_alarm_runs::campaign_id)
        .order((
            campaign_alarm_runs::next_at,
            campaign_alarm_runs::campaign_id,
        ))
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
            campaign_alarm_runs::round.eq(run.round),
            campaign_alarm_runs::withdraws.eq(run.withdraws),
            campaign_alarm_runs::reached.eq(run.reached),
            campaign_alarm_runs::checks.eq(run.checks),
            campaign_alarm_runs::next_at.eq(run.next_at),
        ))
        .execute(c)?;
    Ok(())
}

pub fn end(c: &mut DbConn, campaign: Uid) -> AppResult<()> {
    diesel::delete(campaign_alarm_runs::table.find(campaign)).execute(c)?;
    Ok(())
}

/// Whether a campaign has a reminder to everybody ahead.
pub fn rings_later(c: &mut DbConn, campaign: Uid, now: Micros) -> AppResult<bool> {
    let found = campaign_reminders::table
        .filter(campaign_reminders::campaign_id.eq(campaign))
        .filter(campaign_reminders::state.eq(ReminderState::Planned))
        .filter(campaign_reminders::follow_up.eq(false))
        .filter(campaign_reminders::due_at.gt(now.0))
        .select(campaign_reminders::id)
        .first::<Uid>(c)
        .optional()?;
    Ok(found.is_some())
}

/// The alarms of a campaign that some users hold, by user; the caller bounds them.
pub fn held(c: &mut DbConn, campaign: Uid, users: &[Uid]) -> AppResult<HashMap<Uid, AlarmRow>> {
    let rows: Vec<AlarmRow> = campaign_alarms::table
        .filter(campaign_alarms::campaign_id.eq(campaign))
        .filter(campaign_alarms::user_id.eq_any(users.to_vec()))
        .select(AlarmRow::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|row| (row.user_id, row)).collect())
}

/// A page of the alarms of a campaign in the order of their holders.
pub fn held_after(
    c: &mut DbConn,
    campaign: Uid,
    after: Option<Uid>,
    limit: i64,
) -> AppResult<Vec<AlarmRow>> {
    let mut query = campaign_alarms::table
        .filter(campaign_alarms::campaign_id.eq(campaign))
        .select(AlarmRow::as_select())
        .order(campaign_alarms::user_id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(campaign_alarms::user_id.gt(after));
    }
    Ok(query.load(c)?)
}

/// Gives people, who hold none, their alarms.
pub fn put(c: &mut DbConn, alarms: &[AlarmRow]) -> AppResult<()> {
    match c {
        DbConn::Pg(_) if alarms.is_empty() => {}
        // One trip for all.
        DbConn::Pg(c) => {
            diesel::sql_query(
                "INSERT INTO campaign_alarms (id, version, user_id, campaign_id, area_id, created_at, updated_at) \
                 SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], \
                 $7::bigint[])",
            )
            .bind::<Array<UidSql>, _>(column(alarms, |a| a.id))
            .bind::<Array<BigInt>, _>(column(alarms, |a| a.version))
            .bind::<Array<UidSql>, _>(column(alarms, |a| a.user_id))
            .bind::<Array<UidSql>, _>(column(alarms, |a| a.campaign_id))
            .bind::<Array<Nullable<UidSql>>, _>(column(alarms, |a| a.area_id))
            .bind::<Array<BigInt>, _>(column(alarms, |a| a.created_at.0))
            .bind::<Array<BigInt>, _>(column(alarms, |a| a.updated_at.0))
            .execute(c)?;
        }
        DbConn::Sqlite(c) => {
            for alarm in alarms {
                diesel::insert_into(campaign_alarms::table)
                    .values(alarm)
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// What people hold gets its new version.
pub fn put_newer(c: &mut DbConn, alarms: &[AlarmRow]) -> AppResult<()> {
    for alarm in alarms {
        diesel::update(campaign_alarms::table.find(alarm.id))
            .set((
                campaign_alarms::version.eq(alarm.version),
                campaign_alarms::area_id.eq(alarm.area_id),
                campaign_alarms::updated_at.eq(alarm.updated_at.0),
            ))
            .execute(c)?;
    }
    Ok(())
}

pub fn remove(c: &mut DbConn, ids: Vec<Uid>) -> AppResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
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
