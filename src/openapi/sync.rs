//! Examples of push: one for each thing a phone may do offline, made of the REST operation that does the same.

use serde_json::{Map, Value, json};

use crate::sync::Kind;
use crate::sync::kinds::{self, Command};

const PUSH: &str = "/v1/sync/push";
const DONE_AT: &str = "2026-05-29T08:30:00Z";

/// Puts them where push's body is described, once every schema has its example.
pub(super) fn put(doc: &mut Value) {
    let mut examples = Map::new();
    let commands = Kind::ALL
        .iter()
        .flat_map(|kind| kinds::of(*kind).commands.iter().map(|c| (*kind, c)));
    for (number, (kind, command)) in commands.enumerate() {
        if let Some(operation) = operation(doc, kind, command, number) {
            examples.insert(
                format!("{kind}.{}", command.action),
                json!({ "summary": format!("{kind}: {}, as `{}`", command.action, command.operations.join("`, `")),
                    "value": { "sent_at": "2026-05-29T18:05:00Z", "operations": [operation] } }),
            );
        }
    }
    let media = &mut doc["paths"][PUSH]["post"]["requestBody"]["content"]["application/json"];
    if media.is_object() {
        media["examples"] = Value::Object(examples);
    }
}

/// An id like the others of the document, one for each example.
fn id(number: usize, what: u8) -> String {
    format!("019a8c5e-7c00-7000-8{what:03x}-{:012x}", number + 1)
}

fn operation(doc: &Value, kind: Kind, command: &Command, number: usize) -> Option<Value> {
    let first = command.operations.first()?;
    let rest = find(doc, first)?;
    let body = &rest["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let mut changed = match body.as_str().and_then(|name| name.rsplit('/').next()) {
        Some(name) => doc["components"]["schemas"][name]["example"].clone(),
        None => json!({}),
    };
    // What REST does to many at once, an operation does to its one record.
    if let Some(one) = changed[command.action].get(0).cloned() {
        changed = one;
        changed.as_object_mut()?.remove(&format!("{kind}_id"));
    }
    // Ids of the path stand in the operation itself, the record's own too; a word of the path in the body.
    let mut ids = 0;
    let members = changed.as_object_mut()?;
    members.remove("id");
    for parameter in rest["parameters"].as_array().into_iter().flatten() {
        let schema = resolved(doc, &parameter["schema"]);
        if parameter["in"] != "path" {
            continue;
        }
        if schema["format"] == "uuid" {
            ids += 1;
            continue;
        }
        let words = [
            &parameter["example"],
            &schema["example"],
            &schema["enum"][0],
        ];
        let word = words.into_iter().find(|word| !word.is_null())?;
        members.insert(parameter["name"].as_str()?.to_owned(), word.clone());
    }
    let mut operation = json!({ "op_id": id(number, 1), "kind": kind.as_str(), "action": command.action,
        "record_id": id(number, 2), "changed": changed, "made_at": DONE_AT });
    let own = usize::from(!kinds::makes(command.action));
    if ids > own {
        operation["parent_id"] = json!(id(number, 3));
    }
    if command.action == "update" {
        operation["base_version"] = json!(3);
    }
    Some(operation)
}

fn resolved<'a>(doc: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        Some(name) => &doc["components"]["schemas"][name],
        None => schema,
    }
}

fn find<'a>(doc: &'a Value, operation: &str) -> Option<&'a Value> {
    let paths = doc["paths"].as_object()?.values();
    let mut operations = paths.filter_map(Value::as_object).flat_map(Map::values);
    operations.find(|op| op["operationId"] == operation)
}
