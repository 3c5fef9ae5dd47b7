//! What fields are, said beside them: `x-area` for an area's code, `readOnly` for what the server keeps.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const AREA: &str = "#/components/schemas/AreaCode";

/// Kept by the server whatever a client sends. Ids are not among them: a client may make one.
const THE_SERVERS: &[&str] = &["version", "created_at", "updated_at", "allowed_actions"];

/// Marks every object's fields; `requests` are the schemas that bodies are made of.
pub(super) fn mark(all: &mut Value, requests: &BTreeSet<String>) {
    let Some(all) = all.as_object_mut() else {
        return;
    };
    for (name, schema) in all.iter_mut() {
        // Not by index, which would make the member where there is none.
        let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        areas(fields);
        // A request that has such a field means something else by it: it expects, or it asks.
        if !requests.contains(name) {
            for field in THE_SERVERS {
                if let Some(field) = fields.get_mut(*field) {
                    field["readOnly"] = json!(true);
                }
            }
        }
    }
}

fn areas(fields: &mut Map<String, Value>) {
    for (name, field) in fields.iter_mut() {
        // The cursor of a list of areas is the last one's code, which a client is not to know.
        if name != "next_cursor" && holds_an_area(field) {
            field["x-area"] = json!(true);
        }
    }
}

/// Itself, or null, or a list of them.
fn holds_an_area(field: &Value) -> bool {
    field["$ref"] == AREA
        || holds(&field["items"])
        || field["oneOf"]
            .as_array()
            .is_some_and(|o| o.iter().any(holds))
}

fn holds(inner: &Value) -> bool {
    inner["$ref"] == AREA
}
