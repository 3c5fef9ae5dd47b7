//! What a database knows about itself: which keys its ciphertexts name.

use diesel::prelude::*;

use super::DbConn;
use super::schema::meta;
use crate::each_backend;
use crate::error::AppResult;

/// The keys this database was filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKeys {
    pub fingerprint: String,
    pub ids: Vec<u32>,
}

const KEYS: &str = "keys";

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

pub fn remember_keys(c: &mut DbConn, fingerprint: &str, ids: &[u32]) -> AppResult<()> {
    let ids = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let value = format!("{fingerprint} {ids}");
    each_backend!(c, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(KEYS), meta::value.eq(&value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(&value))
        .execute(c))?;
    Ok(())
}
