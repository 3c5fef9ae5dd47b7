//! All SQL about work that rests.

use diesel::prelude::*;

use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::schema::{changes, sync_resting};
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::sync::model::*;
use crate::{first_locked, in_scope};

pub fn insert(c: &mut DbConn, row: &RestingRow) -> AppResult<()> {
    diesel::insert_into(sync_resting::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// How much work of a user rests, counted to `most`.
pub fn open_of(c: &mut DbConn, user: Uid, most: i64) -> AppResult<i64> {
    let open: Vec<Uid> = sync_resting::table
        .filter(sync_resting::user_id.eq(user))
        .filter(sync_resting::settled_at.is_null())
        .select(sync_resting::id)
        .limit(most)
        .load(c)?;
    Ok(open.len() as i64)
}

/// The fields of a conflict.
pub fn fields_of(c: &mut DbConn, id: Uid) -> AppResult<Vec<String>> {
    let fields: Option<Json<Vec<String>>> = sync_resting::table
        .find(id)
        .select(sync_resting::fields)
        .first(c)
        .optional()?;
    Ok(fields.map_or_else(Vec::new, |fields| fields.0))
}

/// One's own work, or that of an area one coordinates.
pub fn may_see(who: &Who, action: Action, row: &RestingRow) -> bool {
    row.user_id == who.user || who.can(action, row)
}

fn seen(who: &Who, action: Action, cause: Cause, row: Option<RestingRow>) -> AppResult<RestingRow> {
    row.filter(|row| row.cause == cause && may_see(who, action, row))
        .ok_or_else(AppError::not_found)
}

pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    cause: Cause,
    id: Uid,
) -> AppResult<RestingRow> {
    let row = sync_resting::table
        .find(id)
        .select(RestingRow::as_select())
        .first(c)
        .optional()?;
    seen(who, action, cause, row)
}

/// The same, locked, to settle it.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    cause: Cause,
    id: Uid,
) -> AppResult<RestingRow> {
    let row = lock(c, id)?;
    seen(who, action, cause, row)
}

/// Locked for the server's own work on it.
pub fn lock(c: &mut DbConn, id: Uid) -> AppResult<Option<RestingRow>> {
    Ok(first_locked!(
        c,
        sync_resting::table.find(id).select(RestingRow::as_select())
    )
    .optional()?)
}

/// A page of one's own work and that of the areas one coordinates, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    user: Uid,
    cause: Cause,
    state: RestState,
    page: Page,
) -> AppResult<Vec<RestingRow>> {
    let mut query = sync_resting::table
        .filter(in_scope!(sync_resting, scope).or(sync_resting::user_id.nullable().eq(user)))
        .filter(sync_resting::cause.eq(cause))
        .filter(sync_resting::state.eq(state))
        .select(RestingRow::as_select())
        .order(sync_resting::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(sync_resting::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Held work to try now: something of what it waits for was seen in the feed since, or its time came.
pub fn to_try(c: &mut DbConn, now: Micros, most: i64) -> AppResult<Vec<Uid>> {
    let held = || {
        sync_resting::table
            .filter(sync_resting::settled_at.is_null())
            .filter(sync_resting::cause.eq(Cause::Held))
    };
    let mut ids: Vec<Uid> = held()
        .filter(sync_resting::next_try_at.le(now.0))
        .select(sync_resting::id)
        .order(sync_resting::next_try_at)
        .limit(most)
        .load(c)?;
    let arrived: Vec<Uid> = held()
        .filter(diesel::dsl::exists(
            changes::table
                .filter(
                    changes::record_id
                        .nullable()
                        .eq(sync_resting::waits_for)
                        .or(changes::record_id.nullable().eq(sync_resting::waits_also)),
                )
                .filter(changes::pos.gt(sync_resting::seen_pos.nullable())),
        ))
        .select(sync_resting::id)
        // What one phone did may need what it did before, beyond what it names: a visit, the consent of
        // somebody in the household.
        .order((
            sync_resting::user_id,
            sync_resting::device_id,
            sync_resting::made_at,
            sync_resting::id,
        ))
        .limit(most)
        .load(c)?;
    ids.extend(
        arrived
            .into_iter()
            .filter(|id| !ids.contains(id))
            .collect::<Vec<_>>(),
    );
    Ok(ids)
}

/// It still does not find what it needs.
pub fn wait_on(c: &mut DbConn, row: &RestingRow, next: Micros) -> AppResult<()> {
    let seen_pos = crate::sync::store::newest_pos(c)?;
    diesel::update(sync_resting::table.find(row.id))
        .set((
            sync_resting::seen_pos.eq(seen_pos),
            sync_resting::next_try_at.eq(next.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Its author lost the area while it waited: a coordinator decides.
pub fn quarantine(c: &mut DbConn, row: &RestingRow, expires: Micros) -> AppResult<()> {
    diesel::update(sync_resting::table.find(row.id))
        .set((
            sync_resting::cause.eq(Cause::Quarantined),
            sync_resting::county.eq(row.county),
            sync_resting::town.eq(row.town),
            sync_resting::village.eq(row.village),
            sync_resting::expires_at.eq(expires.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Ends it: the body and its key go.
pub fn settle(
    c: &mut DbConn,
    row: &RestingRow,
    state: RestState,
    by: Option<Uid>,
    problem: Option<String>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(sync_resting::table.find(row.id))
        .set((
            sync_resting::state.eq(state),
            sync_resting::data_key.eq(None::<Vec<u8>>),
            sync_resting::body.eq(None::<Vec<u8>>),
            sync_resting::problem.eq(problem),
            sync_resting::settled_by.eq(by),
            sync_resting::settled_at.eq(Some(at.0)),
        ))
        .execute(c)?;
    Ok(())
}

/// Work whose time is over.
pub fn expired(c: &mut DbConn, now: Micros, most: i64) -> AppResult<Vec<Uid>> {
    Ok(sync_resting::table
        .filter(sync_resting::settled_at.is_null())
        .filter(sync_resting::expires_at.le(now.0))
        .select(sync_resting::id)
        .order(sync_resting::expires_at)
        .limit(most)
        .load(c)?)
}

/// Forgets what was settled long ago, a bounded part at once; true when more may be left.
pub fn forget(c: &mut DbConn, before: Micros, most: i64) -> AppResult<bool> {
    let old: Vec<Uid> = sync_resting::table
        .filter(sync_resting::settled_at.is_not_null())
        .filter(sync_resting::settled_at.lt(before.0))
        .select(sync_resting::id)
        .limit(most)
        .load(c)?;
    let more = old.len() as i64 == most;
    diesel::delete(sync_resting::table.filter(sync_resting::id.eq_any(old))).execute(c)?;
    Ok(more)
}

/// How much of each cause rests of these devices.
pub fn counts_of(c: &mut DbConn, devices: &[Uid]) -> AppResult<Vec<(Option<Uid>, Cause, i64)>> {
    Ok(sync_resting::table
        .filter(sync_resting::device_id.eq_any(devices.to_vec()))
        .filter(sync_resting::settled_at.is_null())
        .group_by((sync_resting::device_id, sync_resting::cause))
        .select((
            sync_resting::device_id,
            sync_resting::cause,
            diesel::dsl::count_star(),
        ))
        .load(c)?)
}

impl RestingRow {
    pub fn is_open(&self) -> bool {
        self.settled_at.is_none()
    }
}
