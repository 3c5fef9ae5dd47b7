//! What a database knows about itself: which keys its ciphertexts name.

use diesel::prelude::*;

use super::DbConn;
use super::schema::meta;
use crate::error::AppResult;
use crate::{each_backend, first_locked};

/// The keys this database was filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKeys {
    pub fingerprint: String,
    pub ids: Vec<u32>,
}

const KEYS: &str = "keys";
/// Index keys that rows may name.
const INDEX: &str = "keys_index";
/// Field keys that nothing was sealed under any more when they were taken out.
const RETIRED: &str = "keys_retired";
/// The key by which browsers' push services know us.
const WEB_PUSH: &str = "web_push_key";
/// The fingerprint of the keys by which other offices know us.
const OFFICE: &str = "office_keys";

pub fn known_keys(c: &mut DbConn) -> AppResult<Option<KnownKeys>> {
    let text: Option<String> = meta::table
        .find(KEYS)
        .select(meta::value)
        .first(c)
        .optional()?;
    Ok(text.and_then(|t| {
        let (fingerprint, ids) = t.split_once(' ')?;
        Some(KnownKeys {
            fingerprint: fingerprint.to_owned(),
            ids: ids.split(',').filter_map(|i| i.parse().ok()).collect(),
        })
    }))
}

/// Notes which keys have to be in the folder. A machine whose folder still holds a retired one does not bring
/// it back.
pub fn remember_keys(c: &mut DbConn, fingerprint: &str, ids: &[u32]) -> AppResult<()> {
    let retired = retired_keys(c)?;
    let ids: Vec<_> = ids.iter().filter(|id| !retired.contains(id)).collect();
    put(c, KEYS, &format!("{fingerprint} {}", listed(&ids)))
}

/// From now on nobody asks for this key.
pub fn retire_key(c: &mut DbConn, id: u32) -> AppResult<()> {
    let mut retired = retired_keys(c)?;
    if !retired.contains(&id) {
        retired.push(id);
    }
    put(c, RETIRED, &listed(&retired))?;
    match known_keys(c)? {
        Some(known) => remember_keys(c, &known.fingerprint, &known.ids),
        None => Ok(()),
    }
}

/// The index keys that rows may name, oldest first.
pub fn index_keys(c: &mut DbConn) -> AppResult<Vec<u32>> {
    ids(c, INDEX)
}

pub fn remember_index_keys(c: &mut DbConn, ids: &[u32]) -> AppResult<()> {
    put(c, INDEX, &listed(ids))
}

pub fn retired_keys(c: &mut DbConn) -> AppResult<Vec<u32>> {
    ids(c, RETIRED)
}

/// The public half of the key that browsers subscribed with.
pub fn web_push_key(c: &mut DbConn) -> AppResult<Option<String>> {
    Ok(meta::table
        .find(WEB_PUSH)
        .select(meta::value)
        .first(c)
        .optional()?)
}

/// From now on browsers subscribe with this one.
pub fn remember_web_push_key(c: &mut DbConn, public: &str) -> AppResult<()> {
    put(c, WEB_PUSH, public)
}

/// The same where none is named yet: of two machines that start at once the first one decides.
pub fn name_web_push_key(c: &mut DbConn, public: &str) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(WEB_PUSH), meta::value.eq(public)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The fingerprint of the keys that other offices hold of us.
pub fn office_keys(c: &mut DbConn) -> AppResult<Option<String>> {
    Ok(meta::table
        .find(OFFICE)
        .select(meta::value)
        .first(c)
        .optional()?)
}

/// Names them where none are named yet.
pub fn name_office_keys(c: &mut DbConn, fingerprint: &str) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(OFFICE), meta::value.eq(fingerprint)))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// From now on other offices know us by this one.
pub fn remember_office_keys(c: &mut DbConn, fingerprint: &str) -> AppResult<()> {
    put(c, OFFICE, fingerprint)
}

/// Holds a row that is there once the keys are named, so that what replaces whole tables is done one by one.
pub fn one_by_one(c: &mut DbConn) -> AppResult<()> {
    let row = first_locked!(c, meta::table.find(KEYS).select(meta::key));
    let _: Option<String> = row.optional()?;
    Ok(())
}

fn ids(c: &mut DbConn, key: &str) -> AppResult<Vec<u32>> {
    let text: Option<String> = meta::table
        .find(key)
        .select(meta::value)
        .first(c)
        .optional()?;
    let text = text.unwrap_or_default();
    Ok(text.split(',').filter_map(|i| i.parse().ok()).collect())
}

fn listed(ids: &[impl ToString]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(",")
}

fn put(c: &mut DbConn, key: &str, value: &str) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq(value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(value))
        .execute(c))?;
    Ok(())
}
