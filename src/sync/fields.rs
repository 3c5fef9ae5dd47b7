//! `field_versions`: for each field of a record, the version of its last change.
//!
//! A phone that was away sends its changes with the version it started from;
//! fields that nobody else changed since merge, the others are a conflict.

use std::collections::BTreeMap;

/// The text to store after `fields` changed in `version`.
pub fn touch(stored: &str, version: i64, fields: &[&str]) -> String {
    let mut map: BTreeMap<String, i64> = serde_json::from_str(stored).unwrap_or_default();
    for field in fields {
        map.insert((*field).to_owned(), version);
    }
    serde_json::to_string(&map).unwrap_or_else(|_| "{}".into())
}

/// A new record: every field changed last when it was made, which needs no entries.
pub const NEW: &str = "{}";

/// `stand` of a kind whose table keeps the versions of its fields.
#[macro_export]
macro_rules! stand {
    ($table:ident) => {
        |c, id| {
            use diesel::prelude::*;
            use $crate::db::schema::$table as t;
            let found: Option<(i64, String)> = t::table
                .find(id)
                .select((t::version, t::field_versions))
                .first(c)
                .optional()?;
            Ok(
                found.map(|(version, field_versions)| $crate::sync::kinds::Stand {
                    version,
                    field_versions,
                }),
            )
        }
    };
}
