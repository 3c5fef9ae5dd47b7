//! All SQL about the addresses of calendars.

use diesel::prelude::*;

use crate::db::schema::calendar_feeds;
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;

/// Since when somebody's calendar has its address, if it has one.
pub fn made_at(c: &mut DbConn, user: Uid) -> AppResult<Option<Micros>> {
    Ok(calendar_feeds::table
        .find(user)
        .select(calendar_feeds::made_at)
        .first(c)
        .optional()?)
}

/// Gives somebody's calendar this address, in the place of the one it had.
pub fn put(c: &mut DbConn, user: Uid, hash: &[u8], now: Micros) -> AppResult<()> {
    let values = (
        calendar_feeds::user_id.eq(user),
        calendar_feeds::token_hash.eq(hash),
        calendar_feeds::made_at.eq(now.0),
    );
    each_backend!(c, |c| diesel::insert_into(calendar_feeds::table)
        .values(values)
        .on_conflict(calendar_feeds::user_id)
        .do_update()
        .set((
            calendar_feeds::token_hash.eq(hash),
            calendar_feeds::made_at.eq(now.0),
        ))
        .execute(c))?;
    Ok(())
}

/// Takes the address away; whether there was one.
pub fn remove(c: &mut DbConn, user: Uid) -> AppResult<bool> {
    let gone = diesel::delete(calendar_feeds::table.find(user)).execute(c)?;
    Ok(gone > 0)
}

/// Whose calendar an address opens.
pub fn owner(c: &mut DbConn, hash: &[u8]) -> AppResult<Option<Uid>> {
    Ok(calendar_feeds::table
        .filter(calendar_feeds::token_hash.eq(hash.to_vec()))
        .select(calendar_feeds::user_id)
        .first(c)
        .optional()?)
}
