//! What of a change overlaps with what others changed meanwhile: pure decisions.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields of `changed` that somebody else changed after `base`, but for those that hold the same value
/// now on both sides: two people who wrote the same thing agree. `own` are versions that the same phone made
/// since: it knows what it wrote itself, and nothing of what others wrote between.
pub fn overlap(
    changed: &Map<String, Value>,
    field_versions: &str,
    base: i64,
    own: &[i64],
    server: &Value,
) -> Vec<String> {
    let versions: BTreeMap<String, i64> = serde_json::from_str(field_versions).unwrap_or_default();
    changed
        .iter()
        .filter(|(field, _)| {
            let version = versions.get(*field);
            version.is_some_and(|v| *v > base && !own.contains(v))
        })
        .filter(|(field, value)| server.get(field) != Some(value))
        .map(|(field, _)| field.clone())
        .collect()
}

/// A change without some of its fields.
pub fn without(changed: &Map<String, Value>, fields: &[String]) -> Map<String, Value> {
    let mut rest = changed.clone();
    rest.retain(|field, _| !fields.contains(field));
    rest
}

/// Some fields of a change.
pub fn only(changed: &Map<String, Value>, fields: &[String]) -> Map<String, Value> {
    let mut some = changed.clone();
    some.retain(|field, _| fields.contains(field));
    some
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_nobody_changed_since_does_not_overlap() {
        let changed = map(json!({ "phone": "1", "address": "2" }));
        let server = json!({ "phone": "3", "address": "4" });
        let none: Vec<String> = Vec::new();
        assert_eq!(overlap(&changed, "{}", 1, &[], &server), none);
        assert_eq!(overlap(&changed, r#"{"phone":3}"#, 3, &[], &server), none);
        assert_eq!(
            overlap(&changed, r#"{"phone":4}"#, 3, &[], &server),
            ["phone"]
        );
        assert_eq!(overlap(&changed, r#"{"name":4}"#, 3, &[], &server), none);
    }

    #[test]
    fn a_phone_does_not_conflict_with_itself_but_with_those_between() {
        let changed = map(json!({ "phone": "1", "reason": "2" }));
        let server = json!({ "phone": "3", "reason": "4" });
        let versions = r#"{"phone":6,"reason":4}"#;
        assert_eq!(overlap(&changed, versions, 3, &[6], &server), ["reason"]);
    }

    #[test]
    fn two_who_wrote_the_same_agree() {
        let changed = map(json!({ "phone": "3", "address": null }));
        let server = json!({ "phone": "3", "address": "4" });
        let versions = r#"{"phone":4,"address":4}"#;
        assert_eq!(overlap(&changed, versions, 3, &[], &server), ["address"]);
    }

    proptest! {
        /// The two parts are the whole, and share nothing.
        #[test]
        fn a_change_is_parted_without_loss(
            fields in proptest::collection::btree_map("[a-e]", 0..9i64, 0..5),
            picked in proptest::collection::vec("[a-f]", 0..5),
        ) {
            let changed: Map<String, Value> = fields.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            let (some, rest) = (only(&changed, &picked), without(&changed, &picked));
            prop_assert_eq!(some.len() + rest.len(), changed.len());
            let mut both = rest;
            both.extend(some);
            prop_assert_eq!(both, changed);
        }
    }
}
