//! Wrong passwords: counted by login, whether there is such an account or not, so that a lock says nothing
//! of who works here.

use super::model::AttemptsRow;
use super::sessions_store as store;
use crate::crypto::{MacPurpose, Vault};
use crate::db::{DbConn, Micros};
use crate::error::{AppError, AppResult, Code};

/// Wrong passwords before a login rests.
const FREE: i64 = 5;

/// What the table knows an address by that presents codes. The address itself is not kept.
pub fn address_mac(vault: &Vault, address: std::net::IpAddr) -> Vec<u8> {
    let address = address.to_string();
    vault
        .mac(MacPurpose::SecretHash, &[b"address", address.as_bytes()])
        .to_vec()
}

/// What the table knows a login by.
pub fn login_mac(vault: &Vault, login: &str) -> Vec<u8> {
    vault
        .mac(MacPurpose::SecretHash, &[b"login", login.as_bytes()])
        .to_vec()
}

/// 429 while the login rests: asked before a password is looked at, which costs memory and time.
pub fn check(c: &mut DbConn, login_mac: &[u8], now: Micros) -> AppResult<()> {
    let held = store::attempts(c, login_mac)?;
    resting(held.as_ref(), now)
}

/// Counts a wrong password. Guesses that came at once passed [`check`] together; here each waits for
/// those before it, and those past the free ones are refused like later ones.
pub fn wrong(c: &mut DbConn, login_mac: &[u8], now: Micros) -> AppResult<()> {
    wrong_after(c, login_mac, FREE, now)
}

/// The same for somebody who is let off more often.
pub fn wrong_after(c: &mut DbConn, login_mac: &[u8], free: i64, now: Micros) -> AppResult<()> {
    store::begin_attempts(c, login_mac, now)?;
    let held = store::lock_attempts(c, login_mac)?;
    resting(held.as_ref(), now)?;
    let failed = held.map_or(0, |row| row.failed) + 1;
    let row = AttemptsRow {
        login_mac: login_mac.to_vec(),
        failed,
        locked_until: rest_after(failed, free).map(|seconds| now.plus(seconds * Micros::SECOND)),
        at: now,
    };
    store::set_attempts(c, &row)
}

/// Forgets the wrong ones at a right password, unless the login rests by now.
pub fn right(c: &mut DbConn, login_mac: &[u8], now: Micros) -> AppResult<()> {
    let held = store::lock_attempts(c, login_mac)?;
    resting(held.as_ref(), now)?;
    if held.is_some() {
        store::clear_attempts(c, login_mac)?;
    }
    Ok(())
}

/// Seconds to rest after this many wrong passwords in a row: none, then 30 s doubling to an hour.
fn rest_after(failed: i64, free: i64) -> Option<i64> {
    (failed >= free).then(|| (30i64 << (failed - free).min(7)).min(3600))
}

fn resting(held: Option<&AttemptsRow>, now: Micros) -> AppResult<()> {
    match held.and_then(|row| row.locked_until) {
        Some(until) if until > now => Err(AppError::later(
            Code::AccountLocked,
            ((until.0 - now.0) / Micros::SECOND + 1) as u32,
        )),
        _ => Ok(()),
    }
}
