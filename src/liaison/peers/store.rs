//! All SQL about other offices.

use diesel::prelude::*;

use crate::db::schema::{liaison_peer_keys, liaison_peers};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::first_locked;
use crate::http::page::Page;
use crate::liaison::model::{FormerKeysRow, PeerRow};

pub fn insert(c: &mut DbConn, row: &PeerRow) -> AppResult<()> {
    diesel::insert_into(liaison_peers::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<PeerRow>> {
    Ok(liaison_peers::table
        .find(id)
        .select(PeerRow::as_select())
        .first(c)
        .optional()?)
}

pub fn lock(c: &mut DbConn, id: Uid) -> AppResult<Option<PeerRow>> {
    Ok(first_locked!(
        c,
        liaison_peers::table.find(id).select(PeerRow::as_select())
    )
    .optional()?)
}

pub fn by_digest(c: &mut DbConn, key_digest: &str) -> AppResult<Option<PeerRow>> {
    Ok(liaison_peers::table
        .filter(liaison_peers::key_digest.eq(key_digest))
        .select(PeerRow::as_select())
        .first(c)
        .optional()?)
}

/// A page of offices, newest first.
pub fn list(c: &mut DbConn, page: Page) -> AppResult<Vec<PeerRow>> {
    let mut query = liaison_peers::table
        .select(PeerRow::as_select())
        .order(liaison_peers::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(liaison_peers::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn revoke(c: &mut DbConn, row: &PeerRow, at: Micros) -> AppResult<()> {
    diesel::update(liaison_peers::table.find(row.id))
        .set((
            liaison_peers::revoked_at.eq(at.0),
            liaison_peers::version.eq(row.version + 1),
            liaison_peers::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Keys that some office had before, by their digest.
pub fn former(c: &mut DbConn, key_digest: &str) -> AppResult<Option<FormerKeysRow>> {
    Ok(liaison_peer_keys::table
        .find(key_digest.to_owned())
        .select(FormerKeysRow::as_select())
        .first(c)
        .optional()?)
}

/// Puts new keys in the place of an office's own, which are kept as those it had before. Keys in doubt end with it.
pub fn renew(c: &mut DbConn, row: &PeerRow, former: &FormerKeysRow) -> AppResult<()> {
    diesel::insert_into(liaison_peer_keys::table)
        .values(former)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    diesel::update(liaison_peers::table.find(row.id))
        .set((
            liaison_peers::signing_key.eq(&row.signing_key),
            liaison_peers::sealing_key.eq(&row.sealing_key),
            liaison_peers::key_digest.eq(&row.key_digest),
            liaison_peers::revoked_at.eq(None::<i64>),
            liaison_peers::version.eq(row.version),
            liaison_peers::updated_at.eq(row.updated_at.0),
        ))
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// With keys in doubt nothing is taken any more that those before them signed either.
pub fn end_former(c: &mut DbConn, peer: Uid) -> AppResult<()> {
    diesel::update(liaison_peer_keys::table.filter(liaison_peer_keys::peer_id.eq(peer)))
        .set(liaison_peer_keys::taken_until.eq(None::<String>))
        .execute(c)?;
    Ok(())
}
