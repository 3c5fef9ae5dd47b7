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

/// `stand` of a kind: of a table that keeps the versions of its fields, or with `whole` of one that does not.
#[macro_export]
macro_rules! stand {
    ($table:ident) => {
        |c, id| {
            use $crate::db::schema::$table as t;
            let found = $crate::stand!(@found c, id, t, (t::version, t::field_versions));
            Ok(found.map(|(version, field_versions)| $crate::sync::kinds::Stand {
                version,
                field_versions,
            }))
        }
    };
    ($table:ident, whole) => {
        |c, id| {
            use $crate::db::schema::$table as t;
            let found = $crate::stand!(@found c, id, t, t::version);
            Ok(found.map(|version| $crate::sync::kinds::Stand {
                version,
                field_versions: String::new(),
            }))
        }
    };
    (@found $c:ident, $id:ident, $t:ident, $columns:expr) => {{
        use diesel::prelude::*;
        $t::table.find($id).select($columns).first($c).optional()?
    }};
}
