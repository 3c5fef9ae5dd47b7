//! All SQL about sessions, wrong passwords and one-use codes.

use diesel::prelude::*;

use super::model::*;
use super::push_tokens_store;
use crate::db::schema::{channel_bindings, enrolments, sessions, sign_in_attempts};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{each_backend, first_locked};

/// How long an ended session or a code is remembered: long enough to look into what happened.
const ENDED_KEPT: i64 = 90 * Micros::DAY;
/// How long wrong passwords are held against a login; no rest lasts longer.
const ATTEMPTS_KEPT: i64 = Micros::DAY;

pub fn insert_session(c: &mut DbConn, row: &SessionRow) -> AppResult<()> {
    diesel::insert_into(sessions::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

pub fn lock_session(c: &mut DbConn, id: Uid) -> AppResult<Option<SessionRow>> {
    Ok(first_locked!(c, sessions::table.find(id).select(SessionRow::as_select())).optional()?)
}

pub fn rotate_session(
    c: &mut DbConn,
    id: Uid,
    new: &[u8],
    previous: &[u8],
    now: Micros,
    expires: Micros,
) -> AppResult<()> {
    diesel::update(sessions::table.find(id))
        .set((
            sessions::token_hash.eq(new),
            sessions::previous_hash.eq(previous),
            sessions::rotated_at.eq(now.0),
            sessions::expires_at.eq(expires.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Ends a session of this user, and what they asked to bind: a link outlives nobody's signing out.
pub fn revoke_session(c: &mut DbConn, id: Uid, user: Uid, why: &str, now: Micros) -> AppResult<()> {
    forget_links(c, user)?;
    diesel::update(sessions::table.filter(sessions::id.eq(id).and(sessions::revoked_at.is_null())))
        .set((
            sessions::revoked_at.eq(now.0),
            sessions::revoked_why.eq(why),
        ))
        .execute(c)?;
    Ok(())
}

/// Ends the links by which a user meant to bind a channel: whoever is signed out may hold one still.
fn forget_links(c: &mut DbConn, user: Uid) -> AppResult<()> {
    let links = channel_bindings::table.filter(channel_bindings::user_id.eq(user));
    diesel::delete(links).execute(c)?;
    Ok(())
}

/// Ends every session of a user but `except`, the pushes to the phones that held them, and what they asked to bind.
pub fn revoke_all_sessions(
    c: &mut DbConn,
    user: Uid,
    except: Option<Uid>,
    why: &str,
    now: Micros,
) -> AppResult<()> {
    let mut query = diesel::update(sessions::table)
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null())
        .set((
            sessions::revoked_at.eq(now.0),
            sessions::revoked_why.eq(why),
        ))
        .into_boxed();
    if let Some(except) = except {
        query = query.filter(sessions::id.ne(except));
    }
    query.execute(c)?;
    forget_links(c, user)?;
    push_tokens_store::silence_signed_out(c, user, now)
}

// --- wrong passwords ---

/// Wrong passwords for a login in a row, as `login_mac` names it; none for one that was right.
pub fn attempts(c: &mut DbConn, login_mac: &[u8]) -> AppResult<Option<AttemptsRow>> {
    Ok(sign_in_attempts::table
        .find(login_mac)
        .select(AttemptsRow::as_select())
        .first(c)
        .optional()?)
}

/// The same, locked: of guesses that come at once, each sees the count of those before it.
pub fn lock_attempts(c: &mut DbConn, login_mac: &[u8]) -> AppResult<Option<AttemptsRow>> {
    Ok(first_locked!(
        c,
        sign_in_attempts::table
            .find(login_mac)
            .select(AttemptsRow::as_select())
    )
    .optional()?)
}

/// Makes the row to be locked by the first wrong password for a login.
pub fn begin_attempts(c: &mut DbConn, login_mac: &[u8], now: Micros) -> AppResult<()> {
    let first = AttemptsRow {
        login_mac: login_mac.to_vec(),
        failed: 0,
        locked_until: None,
        at: now,
    };
    each_backend!(c, |c| diesel::insert_into(sign_in_attempts::table)
        .values(&first)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

pub fn set_attempts(c: &mut DbConn, row: &AttemptsRow) -> AppResult<()> {
    diesel::update(sign_in_attempts::table.find(&row.login_mac))
        .set((
            sign_in_attempts::failed.eq(row.failed),
            sign_in_attempts::locked_until.eq(row.locked_until),
            sign_in_attempts::at.eq(row.at),
        ))
        .execute(c)?;
    Ok(())
}

pub fn clear_attempts(c: &mut DbConn, login_mac: &[u8]) -> AppResult<()> {
    diesel::delete(sign_in_attempts::table.find(login_mac)).execute(c)?;
    Ok(())
}

// --- one-use codes ---

pub fn insert_enrolment(c: &mut DbConn, row: &EnrolmentRow) -> AppResult<()> {
    // A newer code makes the older ones of the same user useless.
    void_enrolments(c, row.user_id, row.created_at)?;
    diesel::insert_into(enrolments::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

/// Ends the codes of a user that nobody redeemed.
pub fn void_enrolments(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    diesel::update(enrolments::table)
        .filter(enrolments::user_id.eq(user))
        .filter(enrolments::used_at.is_null())
        .filter(enrolments::expires_at.gt(now.0))
        .set(enrolments::expires_at.eq(now.0))
        .execute(c)?;
    Ok(())
}

pub fn lock_enrolment(c: &mut DbConn, code_hash: &[u8]) -> AppResult<Option<EnrolmentRow>> {
    Ok(first_locked!(
        c,
        enrolments::table
            .filter(enrolments::code_hash.eq(code_hash))
            .select(EnrolmentRow::as_select())
    )
    .optional()?)
}

pub fn use_enrolment(c: &mut DbConn, id: Uid, device: Uid, now: Micros) -> AppResult<()> {
    diesel::update(enrolments::table.find(id))
        .set((
            enrolments::used_at.eq(now.0),
            enrolments::device_id.eq(device),
        ))
        .execute(c)?;
    Ok(())
}

// --- forgetting ---

/// Rows of one kind that are removed in one write: a day's backlog must not hold up the others.
pub const FORGOTTEN_AT_ONCE: i64 = 500;

/// Removes what ended long ago, a bounded part of each kind; true when more may be left.
pub fn forget_ended(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let long_ago = now.plus(-ENDED_KEPT).0;
    let revoked: Vec<Uid> = sessions::table
        .filter(sessions::revoked_at.lt(long_ago))
        .select(sessions::id)
        .limit(FORGOTTEN_AT_ONCE)
        .load(c)?;
    let expired: Vec<Uid> = sessions::table
        .filter(sessions::expires_at.lt(long_ago))
        .select(sessions::id)
        .limit(FORGOTTEN_AT_ONCE)
        .load(c)?;
    let codes: Vec<Uid> = enrolments::table
        .filter(enrolments::created_at.lt(long_ago))
        .select(enrolments::id)
        .limit(FORGOTTEN_AT_ONCE)
        .load(c)?;
    let quiet: Vec<Vec<u8>> = sign_in_attempts::table
        .filter(sign_in_attempts::at.lt(now.plus(-ATTEMPTS_KEPT).0))
        .select(sign_in_attempts::login_mac)
        .limit(FORGOTTEN_AT_ONCE)
        .load(c)?;
    let full = |n: usize| n as i64 == FORGOTTEN_AT_ONCE;
    let more = full(revoked.len()) || full(expired.len()) || full(codes.len()) || full(quiet.len());
    for ended in [revoked, expired] {
        diesel::delete(sessions::table.filter(sessions::id.eq_any(ended))).execute(c)?;
    }
    diesel::delete(enrolments::table.filter(enrolments::id.eq_any(codes))).execute(c)?;
    diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::login_mac.eq_any(quiet)))
        .execute(c)?;
    Ok(more)
}
