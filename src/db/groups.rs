//! What hangs on many records, loaded at once and dealt out to each.

use std::collections::HashMap;

use super::Uid;

/// Rows by the record they hang on, each record's in the order in which they came.
pub fn groups<T>(rows: Vec<T>, of: impl Fn(&T) -> Uid) -> HashMap<Uid, Vec<T>> {
    let mut groups: HashMap<Uid, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(of(&row)).or_default().push(row);
    }
    groups
}
