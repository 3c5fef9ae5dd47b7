//! All SQL about phones.

use diesel::prelude::*;

use super::handle::{Handle, Place, Placed};
use super::model::*;
use super::store::taken;
use crate::db::schema::{devices, sessions};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::first_locked;

impl Placed for DeviceRow {
    fn place(&self) -> Place {
        Place::default()
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [Some(self.user_id), None]
    }
}

pub fn find_device(c: &mut DbConn, id: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(devices::table
        .find(id)
        .select(DeviceRow::as_select())
        .first(c)
        .optional()?)
}

pub fn lock_device(c: &mut DbConn, id: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(first_locked!(c, devices::table.find(id).select(DeviceRow::as_select())).optional()?)
}

pub fn device_of(c: &mut DbConn, user: Uid, installation: Uid) -> AppResult<Option<DeviceRow>> {
    Ok(first_locked!(
        c,
        devices::table
            .filter(
                devices::user_id
                    .eq(user)
                    .and(devices::installation_id.eq(installation))
            )
            .select(DeviceRow::as_select())
    )
    .optional()?)
}

/// The same, only to be looked at.
pub fn seen_device_of(
    c: &mut DbConn,
    user: Uid,
    installation: Uid,
) -> AppResult<Option<DeviceRow>> {
    Ok(devices::table
        .filter(devices::user_id.eq(user))
        .filter(devices::installation_id.eq(installation))
        .select(DeviceRow::as_select())
        .first(c)
        .optional()?)
}

pub fn insert_device(c: &mut DbConn, row: &DeviceRow) -> AppResult<()> {
    diesel::insert_into(devices::table)
        .values(row)
        .execute(c)
        .map_err(taken)?;
    Ok(())
}

/// The same phone again: it keeps its id, so that what it queued stays valid.
pub fn reenrol_device(
    c: &mut DbConn,
    id: Uid,
    name: &str,
    app_version: &str,
    now: Micros,
) -> AppResult<()> {
    diesel::update(devices::table.find(id))
        .set((
            devices::name.eq(name),
            devices::app_version.eq(app_version),
            devices::revoked_at.eq(None::<i64>),
            devices::enrolled_at.eq(now.0),
            devices::last_seen_at.eq(now.0),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn revoke_device(c: &mut DbConn, device: &Handle<DeviceRow>, now: Micros) -> AppResult<()> {
    diesel::update(devices::table.find(device.id))
        .set((
            devices::revoked_at.eq(now.0),
            devices::push_state.eq(PushState::None),
            devices::push_token.eq(None::<Vec<u8>>),
            devices::push_token_index.eq(None::<Vec<u8>>),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .execute(c)?;
    diesel::update(
        sessions::table.filter(
            sessions::device_id
                .eq(device.id)
                .and(sessions::revoked_at.is_null()),
        ),
    )
    .set((
        sessions::revoked_at.eq(now.0),
        sessions::revoked_why.eq("device_revoked"),
    ))
    .execute(c)?;
    Ok(())
}

/// The other phones of a user whose phone was lost: bound no longer, and no push reaches them.
pub fn revoke_others(c: &mut DbConn, user: Uid, but: Uid, now: Micros) -> AppResult<()> {
    diesel::update(
        devices::table
            .filter(devices::user_id.eq(user))
            .filter(devices::id.ne(but))
            .filter(devices::revoked_at.is_null()),
    )
    .set((
        devices::revoked_at.eq(now.0),
        devices::version.eq(devices::version + 1),
        devices::updated_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(())
}

/// Phones of a user, newest first.
pub fn devices_of(
    c: &mut DbConn,
    user: Uid,
    page: crate::http::page::Page,
) -> AppResult<Vec<DeviceRow>> {
    let mut query = devices::table
        .filter(devices::user_id.eq(user))
        .select(DeviceRow::as_select())
        .order(devices::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(devices::id.lt(after));
    }
    Ok(query.load(c)?)
}
