//! The key of Web Push and the database agree: browsers subscribed for one key, and the database names it.

use std::path::Path;

use crate::auth::push_tokens_store;
use crate::crypto::{WEB_PUSH_FILE, WebPushKey};
use crate::db::{DbConn, Micros, meta};
use crate::error::AppResult;

/// How folder and database stand to each other.
pub enum Fit {
    /// The key that browsers subscribed with, or nobody did yet.
    Ours(WebPushKey),
    /// Nobody made one yet: the first start does.
    NotYet,
    /// The database names one, and the folder holds none.
    Missing,
    /// The database names another one.
    Other,
}

/// What an operator is told of a key that does not fit.
pub const LOST: &str = "copy the file from another machine or the recovery kit. If it is lost, `qianshou keys web-push --anew`; browsers subscribe anew then";

/// Looks, and makes nothing.
pub fn look(c: &mut DbConn, dir: &Path) -> Result<Fit, String> {
    let named = meta::web_push_key(c).map_err(|e| e.to_string())?;
    let held = WebPushKey::open(dir).map_err(|e| e.to_string())?;
    Ok(match (held, named) {
        (None, None) => Fit::NotYet,
        (None, Some(_)) => Fit::Missing,
        (Some(held), Some(named)) if held.public() != named => Fit::Other,
        (Some(held), _) => Fit::Ours(held),
    })
}

/// With a start: where the database names no key the folder's is named, and made if there is none. Where they
/// differ nothing is changed: a machine that lacks the right file must not make every browser deaf. Nor does a start
/// fail for it, since all but Web Push works without.
pub fn settle(c: &mut DbConn, dir: &Path) -> Result<(), String> {
    let named = meta::web_push_key(c).map_err(|e| e.to_string())?;
    if named.is_some() {
        return Ok(());
    }
    match WebPushKey::open_or_make(dir) {
        Ok(key) => meta::name_web_push_key(c, key.public()).map_err(|e| e.to_string()),
        Err(cause) => {
            tracing::error!(%cause, "there is no {WEB_PUSH_FILE}, and none can be made: browsers cannot subscribe");
            Ok(())
        }
    }
}

/// A new key in the place of the old: every browser's subscription ends with it.
pub fn anew(c: &mut DbConn, key: &WebPushKey, now: Micros) -> AppResult<usize> {
    meta::remember_web_push_key(c, key.public())?;
    push_tokens_store::end_web_push(c, now)
}
