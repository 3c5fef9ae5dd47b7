//! All SQL of push: what came, and what the feed knows of records.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::collections::HashMap;

use super::devices::Phone;
use super::feed_rows::flush_of;
use super::model::*;
use crate::auth::model::{DeviceRow, Platform, UserRow};
use crate::auth::rights::Scope;
use crate::auth::{Place, Placed};
use crate::db::schema::{
    assignments, changes, device_sync, devices, disclosures, sync_operations, sync_resting, users,
};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::http::page::Page;

/// The pushes of one user come one after the other, so that one operation sent twice at once is seen twice;
/// within a process they take turns before. SQLite has one writer.
pub fn lock_pushes(c: &mut DbConn, user: Uid) -> AppResult<()> {
    if let DbConn::Pg(c) = c {
        let key = user.0.as_u64_pair();
        let key = (key.0 ^ key.1) as i64;
        c.batch_execute(&format!("SELECT pg_advisory_xact_lock({key})"))?;
    }
    Ok(())
}

/// Those of these operations of a user that were seen before.
pub fn operations(c: &mut DbConn, user: Uid, ids: &[Uid]) -> AppResult<Vec<OperationRow>> {
    Ok(sync_operations::table
        .filter(sync_operations::user_id.eq(user))
        .filter(sync_operations::op_id.eq_any(ids.to_vec()))
        .select(OperationRow::as_select())
        .load(c)?)
}

pub fn insert_operations(c: &mut DbConn, rows: &[OperationRow]) -> AppResult<()> {
    if !rows.is_empty() {
        each_backend!(c, |c| diesel::insert_into(sync_operations::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(())
}

/// What became of an operation in the end.
pub fn settle_operation(
    c: &mut DbConn,
    row: &RestingRow,
    outcome: Outcome,
    version: Option<i64>,
    resting: Option<Uid>,
    problem: Option<String>,
) -> AppResult<()> {
    diesel::update(sync_operations::table.find((row.user_id, row.op_id)))
        .set((
            sync_operations::outcome.eq(outcome),
            sync_operations::version.eq(version),
            sync_operations::resting_id.eq(resting),
            sync_operations::problem.eq(problem),
        ))
        .execute(c)?;
    Ok(())
}

/// Forgets operations that no phone will repeat any more, a bounded part at once; true when more may be left.
pub fn forget_operations(c: &mut DbConn, before: Micros, most: i64) -> AppResult<bool> {
    let old: Vec<(Uid, Uid)> = sync_operations::table
        .filter(sync_operations::at.lt(before.0))
        .select((sync_operations::user_id, sync_operations::op_id))
        .limit(most)
        .load(c)?;
    for id in &old {
        diesel::delete(sync_operations::table.find(*id)).execute(c)?;
    }
    Ok(old.len() as i64 == most)
}

/// The operations of a phone, or of a user without one, that arrived in a time: kind, outcome, id, by id.
pub fn operations_between(
    c: &mut DbConn,
    user: Uid,
    device: Option<Uid>,
    from: Micros,
    to: Micros,
    most: i64,
) -> AppResult<Vec<(String, Outcome, Uid)>> {
    let mut query = sync_operations::table
        .filter(sync_operations::user_id.eq(user))
        .filter(
            sync_operations::at
                .ge(from.0)
                .and(sync_operations::at.lt(to.0)),
        )
        .select((
            sync_operations::kind,
            sync_operations::outcome,
            sync_operations::op_id,
        ))
        .order(sync_operations::op_id)
        .limit(most)
        .into_boxed();
    query = match device {
        Some(device) => query.filter(sync_operations::device_id.eq(device)),
        None => query.filter(sync_operations::device_id.is_null()),
    };
    Ok(query.load(c)?)
}

/// What the feed knows of a record.
#[derive(Queryable)]
pub struct Known {
    pub audience: Uid,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
}

impl Placed for Known {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
}

pub fn feed_of(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<Known>> {
    flush_of(c, ids)?;
    Ok(changes::table
        .filter(changes::record_id.eq_any(ids.to_vec()))
        .select((
            changes::audience,
            changes::county,
            changes::town,
            changes::village,
        ))
        .limit(200)
        .load(c)?)
}

/// The feed's newest position.
pub fn newest_pos(c: &mut DbConn) -> AppResult<i64> {
    let newest: Option<i64> = changes::table
        .select(diesel::dsl::max(changes::pos))
        .first(c)?;
    Ok(newest.unwrap_or(0))
}

/// Notes how a phone's sync fares; what is `None` stays.
pub fn note_device(c: &mut DbConn, row: &DeviceSyncRow, backlog: Option<i64>) -> AppResult<()> {
    #[derive(AsChangeset)]
    #[diesel(table_name = device_sync)]
    struct Newer {
        user_id: Uid,
        last_push_at: Option<Micros>,
        last_pull_at: Option<Micros>,
        backlog: Option<i64>,
        clock_skew_ms: Option<i64>,
        updated_at: Micros,
    }
    let newer = Newer {
        user_id: row.user_id,
        last_push_at: row.last_push_at,
        last_pull_at: row.last_pull_at,
        backlog,
        clock_skew_ms: row.clock_skew_ms,
        updated_at: row.updated_at,
    };
    each_backend!(c, |c| diesel::insert_into(device_sync::table)
        .values(row)
        .on_conflict(device_sync::device_id)
        .do_update()
        .set(&newer)
        .execute(c))?;
    Ok(())
}

/// The bound phones of those who work in these areas now, newest first; with `silent` those that were neither
/// bound nor heard of since.
pub fn phones(
    c: &mut DbConn,
    scope: &Scope,
    silent: Option<Micros>,
    now: Micros,
    page: Page,
) -> AppResult<Vec<Phone>> {
    // Not `in_scope!`: its boxed filter cannot stand in a part of a statement.
    let there = (assignments::county.eq_any(scope.counties.clone()))
        .or(assignments::town.eq_any(scope.towns.clone()))
        .or(assignments::village.eq_any(scope.villages.clone()))
        .or(assignments::area_id.eq_any(scope.areas.clone()).nullable());
    let colleagues = assignments::table
        .filter(there)
        .filter(assignments::starts_at.le(now.0))
        .filter(
            assignments::ends_at
                .is_null()
                .or(assignments::ends_at.gt(now.0).assume_not_null()),
        )
        .select(assignments::user_id);
    let mut query = devices::table
        .inner_join(users::table)
        .filter(devices::revoked_at.is_null())
        // An account of a channel syncs nothing.
        .filter(devices::platform.ne(Platform::WeCom))
        .filter(devices::user_id.eq_any(colleagues))
        .select((DeviceRow::as_select(), UserRow::as_select()))
        .order(devices::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(since) = silent {
        let heard = device_sync::table
            .filter(
                device_sync::last_push_at
                    .ge(since.0)
                    .or(device_sync::last_pull_at.ge(since.0)),
            )
            .select(device_sync::device_id);
        query = query
            .filter(devices::enrolled_at.lt(since.0))
            .filter(devices::id.ne_all(heard));
    }
    if let Some(after) = page.after {
        query = query.filter(devices::id.lt(after));
    }
    let bound: Vec<(DeviceRow, UserRow)> = query.load(c)?;
    let ids: Vec<Uid> = bound.iter().map(|(device, _)| device.id).collect();
    let synced: Vec<DeviceSyncRow> = device_sync::table
        .filter(device_sync::device_id.eq_any(ids))
        .select(DeviceSyncRow::as_select())
        .load(c)?;
    let mut synced: HashMap<Uid, DeviceSyncRow> =
        synced.into_iter().map(|s| (s.device_id, s)).collect();
    let phones = bound.into_iter().map(|(device, user)| {
        let sync = synced.remove(&device.id);
        (device, user, sync)
    });
    Ok(phones.collect())
}

/// Of each phone, how much of its work rests: conflicts, held, quarantined.
pub type Waiting = HashMap<Uid, (i64, i64, i64)>;

/// What rests of the work of these phones. A user has at most a thousand.
pub fn waiting_of(c: &mut DbConn, phones: &[Phone]) -> AppResult<Waiting> {
    let users: Vec<Uid> = phones.iter().map(|(d, _, _)| d.user_id).collect();
    let rows: Vec<(Option<Uid>, Cause, i64)> = sync_resting::table
        .filter(sync_resting::user_id.eq_any(users))
        .filter(sync_resting::settled_at.is_null())
        .group_by((sync_resting::device_id, sync_resting::cause))
        .select((
            sync_resting::device_id,
            sync_resting::cause,
            diesel::dsl::count_star(),
        ))
        .load(c)?;
    let mut waiting = Waiting::new();
    for (device, cause, count) in rows {
        let Some(device) = device else { continue };
        let of = waiting.entry(device).or_default();
        match cause {
            Cause::Conflict => of.0 = count,
            Cause::Held => of.1 = count,
            Cause::Quarantined => of.2 = count,
        }
    }
    Ok(waiting)
}

/// Notes the version of its app that a phone named.
pub fn note_app_version(c: &mut DbConn, device: Uid, version: &str, now: Micros) -> AppResult<()> {
    diesel::update(
        devices::table
            .find(device)
            .filter(devices::app_version.ne(version)),
    )
    .set((
        devices::app_version.eq(version),
        devices::version.eq(devices::version + 1),
        devices::updated_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(())
}

/// Notes whose data came onto a phone; a second time a day is the same.
pub fn disclose(c: &mut DbConn, rows: &[DisclosureRow]) -> AppResult<()> {
    for part in rows.chunks(500) {
        each_backend!(c, |c| diesel::insert_into(disclosures::table)
            .values(part)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Forgets disclosures of days long past; true when more may be left.
pub fn forget_disclosures(c: &mut DbConn, before: Micros, most: i64) -> AppResult<bool> {
    let oldest: Option<Day> = disclosures::table
        .order(disclosures::day)
        .select(disclosures::day)
        .first(c)
        .optional()?;
    let Some(day) = oldest.filter(|day| *day < Day(before.china_day())) else {
        return Ok(false);
    };
    let old: Vec<(Uid, Uid, String)> = disclosures::table
        .filter(disclosures::day.eq(day))
        .select((
            disclosures::record_id,
            disclosures::user_id,
            disclosures::view,
        ))
        .limit(most)
        .load(c)?;
    for (record, user, view) in old {
        diesel::delete(disclosures::table.find((record, user, day, view))).execute(c)?;
    }
    Ok(true)
}

/// Forgets that records left or were deleted; true when more may be left.
pub fn forget_tombstones(c: &mut DbConn, before: Micros, most: i64) -> AppResult<bool> {
    // That a record left a worker stays: it may come back to them without a change of its own.
    let over = changes::op
        .eq("delete")
        .or(changes::op.eq("left").and(changes::assignee.is_null()));
    let old: Vec<i64> = changes::table
        .filter(over)
        .filter(changes::at.lt(before.0))
        .select(changes::seq)
        .limit(most)
        .load(c)?;
    let more = old.len() as i64 == most;
    diesel::delete(changes::table.filter(changes::seq.eq_any(old))).execute(c)?;
    Ok(more)
}
