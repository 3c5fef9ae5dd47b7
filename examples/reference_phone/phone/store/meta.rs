//! Single values by name, as JSON.

use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Db;

use super::super::error::{Error, Result};

diesel::table! {
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

/// Made at the first start, kept for good.
pub const INSTALLATION: &str = "installation_id";
/// Tokens and the device they are bound to.
pub const SESSION: &str = "session";
/// Where the next pull goes on; missing: from the start.
pub const CURSOR: &str = "cursor";
/// The server's term for keeping records without a pull.
pub const KEEP_UNTIL: &str = "keep_until";
/// By how many milliseconds the server's clock is ahead of the phone's.
pub const SERVER_AHEAD: &str = "server_ahead";
/// The server's keys of receipts.
pub const RECEIPT_KEYS: &str = "receipt_keys";
/// Counts the pulls from the start. See `records`.
const ERA: &str = "era";
/// A pull from the start is under way; what it does not bring goes at its end.
pub const SWEEPING: &str = "sweeping";

pub fn get<T: DeserializeOwned>(c: &mut Db, key: &str) -> Result<Option<T>> {
    let text: Option<String> = meta::table
        .find(key)
        .select(meta::value)
        .first(c)
        .optional()?;
    text.map(|text| serde_json::from_str(&text).map_err(unreadable))
        .transpose()
}

pub fn put<T: Serialize>(c: &mut Db, key: &str, value: &T) -> Result<()> {
    let text = serde_json::to_string(value).map_err(unreadable)?;
    diesel::replace_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq(text)))
        .execute(c)?;
    Ok(())
}

pub fn unset(c: &mut Db, key: &str) -> Result<()> {
    diesel::delete(meta::table.find(key)).execute(c)?;
    Ok(())
}

fn unreadable(e: serde_json::Error) -> Error {
    Error::Database(diesel::result::Error::DeserializationError(Box::new(e)))
}

pub fn era(c: &mut Db) -> Result<i64> {
    Ok(get(c, ERA)?.unwrap_or(1))
}

/// The next pull begins from the start, and what it does not bring goes when it is done. The records stay
/// until then: the app goes on showing them.
pub fn start_over(c: &mut Db) -> Result<()> {
    let next = era(c)? + 1;
    put(c, ERA, &next)?;
    put(c, SWEEPING, &true)?;
    unset(c, CURSOR)
}
