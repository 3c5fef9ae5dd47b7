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

pub fn set_push(
    c: &mut DbConn,
    device: &Handle<DeviceRow>,
    provider: PushProvider,
    token: &[u8],
    index: &[u8],
    now: Micros,
) -> AppResult<i64> {
    // A token moved to another account's phone belongs to the newer one alone.
    diesel::update(
        devices::table.filter(
            devices::push_token_index
                .eq(index)
                .and(devices::id.ne(device.id)),
        ),
    )
    .set((
        devices::push_state.eq(PushState::None),
        devices::push_token.eq(None::<Vec<u8>>),
        devices::push_token_index.eq(None::<Vec<u8>>),
        devices::push_changed_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(diesel::update(devices::table.find(device.id))
        .set((
            devices::push_provider.eq(Some(provider)),
            devices::push_token.eq(token),
            devices::push_token_index.eq(index),
            devices::push_state.eq(PushState::Live),
            devices::push_changed_at.eq(now.0),
            devices::push_strikes.eq(0i64),
            devices::version.eq(devices::version + 1),
            devices::updated_at.eq(now.0),
        ))
        .returning(devices::version)
        .get_result(c)?)
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

/// Ends pushes to the phones of a user that no live session holds: whoever has such a phone in hand
/// may be somebody else. The app subscribes again once it is signed in.
pub fn silence_signed_out(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    let held: Vec<Option<Uid>> = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now.0))
        .filter(sessions::device_id.is_not_null())
        .select(sessions::device_id)
        .load(c)?;
    let held: Vec<Uid> = held.into_iter().flatten().collect();
    diesel::update(
        devices::table
            .filter(devices::user_id.eq(user))
            .filter(devices::push_state.ne(PushState::None))
            .filter(devices::id.ne_all(held)),
    )
    .set((
        devices::push_state.eq(PushState::None),
        devices::push_token.eq(None::<Vec<u8>>),
        devices::push_token_index.eq(None::<Vec<u8>>),
        devices::push_changed_at.eq(now.0),
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
