//! Decisions that need neither file nor network.

use serde_json::{Map, Value};

use super::store::Operation;
use super::wire::{OperationResult, Outcome};

/// Applies a JSON Merge Patch (RFC 7396).
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge_patch(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// What a record says in the fields that an update changes.
pub fn before(record: &Value, changed: &Value) -> Value {
    let fields = changed.as_object().into_iter().flat_map(Map::keys);
    fields
        .map(|name| (name.clone(), said(record, name)))
        .collect::<Map<_, _>>()
        .into()
}

fn said(record: &Value, field: &str) -> Value {
    record.get(field).cloned().unwrap_or(Value::Null)
}

/// What a later update of the same record starts from, now that the result of an earlier operation came:
/// the new version, and what the record says there. `None` if it stays as it was.
///
/// Somebody who changes a field twice offline must not be in conflict with themselves: the server counts the
/// first change as newer than the base of the second. So the base moves up to the version that the first one
/// made. But not past a change of somebody else to a field of the later update, which its author had not
/// seen: then the base stays, and the server calls it a conflict. (Within one request the server sees to
/// this itself.)
pub fn raised(
    earlier: &Operation,
    result: &OperationResult,
    later: &Operation,
) -> Option<(i64, Value)> {
    let version = result.version?;
    let base = later.base_version.filter(|base| *base <= version)?;
    let changed = later.changed.0.as_object()?;
    let record = result.record.as_ref().unwrap_or(&Value::Null);
    let own = |field: &str| {
        let written = earlier.action == "create" || earlier.changed.0.get(field).is_some();
        written && !result.fields.iter().any(|f| f == field)
    };
    let untouched =
        |field: &str| later.before.0.get(field) == Some(&said(record, field)) && !record.is_null();
    let knows_all = match result.outcome {
        Outcome::Applied => true,
        Outcome::Merged | Outcome::Conflict => changed.keys().all(|f| own(f) || untouched(f)),
        _ => false,
    };
    if !knows_all {
        return None;
    }
    // The record is as the server saw it when it answered, which may be later than that version. Then what
    // the own fields said is unknown, and a field that is missing here counts as touched the next time.
    let exact = record.get("version").and_then(Value::as_i64) == Some(version);
    let mut before = later.before.0.as_object().cloned().unwrap_or_default();
    for field in changed.keys().filter(|field| own(field)) {
        before.remove(field.as_str());
        if exact {
            before.insert(field.clone(), said(record, field));
        }
    }
    Some((version.max(base), before.into()))
}
