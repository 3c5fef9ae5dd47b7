//! All SQL about bindings that were asked for.

use diesel::prelude::*;

use super::model::{BindingRow, ChannelName};
use crate::db::schema::channel_bindings;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{each_backend, first_locked};

/// Removed in one write at the most.
const AT_ONCE: i64 = 500;

/// Notes a binding that is asked for, in the place of an earlier one.
pub fn put(c: &mut DbConn, row: &BindingRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(channel_bindings::table)
        .values(row)
        .on_conflict((channel_bindings::user_id, channel_bindings::channel))
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// The binding of a state that is good still.
pub fn asked(
    c: &mut DbConn,
    channel: ChannelName,
    state_hash: &[u8],
    now: Micros,
) -> AppResult<Option<BindingRow>> {
    Ok(channel_bindings::table
        .filter(channel_bindings::state_hash.eq(state_hash.to_vec()))
        .filter(channel_bindings::channel.eq(channel))
        .filter(channel_bindings::expires_at.gt(now.0))
        .select(BindingRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked: of two who come back with it one makes it.
pub fn lock_asked(
    c: &mut DbConn,
    channel: ChannelName,
    state_hash: &[u8],
    now: Micros,
) -> AppResult<Option<BindingRow>> {
    Ok(first_locked!(
        c,
        channel_bindings::table
            .filter(channel_bindings::state_hash.eq(state_hash.to_vec()))
            .filter(channel_bindings::channel.eq(channel))
            .filter(channel_bindings::expires_at.gt(now.0))
            .select(BindingRow::as_select())
    )
    .optional()?)
}

/// Ends what was asked for.
pub fn remove(c: &mut DbConn, user: Uid, channel: ChannelName) -> AppResult<()> {
    diesel::delete(channel_bindings::table.find((user, channel))).execute(c)?;
    Ok(())
}

/// Forgets what nobody came back for; true when more may be left.
pub fn forget_expired(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let old: Vec<(Uid, ChannelName)> = channel_bindings::table
        .filter(channel_bindings::expires_at.le(now.0))
        .select((channel_bindings::user_id, channel_bindings::channel))
        .limit(AT_ONCE)
        .load(c)?;
    for (user, channel) in &old {
        let still = channel_bindings::table
            .find((user, channel))
            .filter(channel_bindings::expires_at.le(now.0));
        diesel::delete(still).execute(c)?;
    }
    Ok(old.len() as i64 == AT_ONCE)
}
