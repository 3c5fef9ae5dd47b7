//! Holds a body against the schema, with the words of Google's JSON parser.

use std::fmt;

use jiff::Timestamp;

use super::errors::Violation;
use super::json::Node;
use super::schema::{Kind, Schema};

/// After so many complaints the rest is not looked at.
const MAX_VIOLATIONS: usize = 20;
/// A value is quoted up to so many characters.
const QUOTED: usize = 80;

/// Where in the body a value is. Google's parser names fields in snake_case
/// here, whatever the body says.
#[derive(Clone, Copy)]
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Root,
    Field(&'static str),
    Item(usize),
    Value(usize),
}

impl Path<'_> {
    fn then(&self, step: Step) -> Path<'_> {
        Path {
            parent: Some(self),
            step,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Item(i) => write!(f, "[{i}]"),
            Step::Value(i) => write!(f, "[{i}].value"),
            Step::Field(name) => {
                let inner = self.parent.is_some_and(|p| !matches!(p.step, Step::Root));
                f.write_str(if inner { "." } else { "" })?;
                name.chars().try_for_each(|c| match c {
                    'A'..='Z' => write!(f, "_{}", c.to_ascii_lowercase()),
                    _ => write!(f, "{c}"),
                })
            }
        }
    }
}

/// Everything the schema finds wrong with a body, in its order.
pub(super) fn check(body: &Node<'_>, schema: &'static Schema) -> Vec<Violation> {
    let root = Path {
        parent: None,
        step: Step::Root,
    };
    let mut found = Vec::new();
    if matches!(body, Node::Map(_)) {
        object(body, schema, &root, &mut found);
    } else {
        found.push(Violation {
            field: String::new(),
            description: "Invalid JSON payload received. The root must be an object.".to_owned(),
        });
    }
    found
}

fn object(node: &Node<'_>, schema: &'static Schema, path: &Path<'_>, found: &mut Vec<Violation>) {
    for (i, (name, value)) in node.members().iter().enumerate() {
        let Some((field, kind)) = schema.fields.iter().find(|(field, _)| field == name) else {
            name_error(path, name, "Cannot find field.", found);
            continue;
        };
        let earlier = node.members().get(..i).unwrap_or_default();
        if earlier.iter().any(|(other, _)| other == name) {
            name_error(path, name, "Field is already set.", found);
            continue;
        }
        if matches!(value, Node::List(_)) && !matches!(kind, Kind::List(_)) {
            let why = "Proto field is not repeating, cannot start list.";
            name_error(path, name, why, found);
            continue;
        }
        if !matches!(value, Node::Null) {
            self::value(value, kind, &path.then(Step::Field(field)), found);
        }
    }
}

fn value(node: &Node<'_>, kind: &'static Kind, path: &Path<'_>, found: &mut Vec<Violation>) {
    let good = match (kind, node) {
        (Kind::Text, Node::Text(_))
        | (Kind::Bool, Node::Bool(_))
        | (Kind::Struct, Node::Map(_))
        | (Kind::Float, Node::Int(_) | Node::Float(_)) => true,
        (Kind::Int32, Node::Int(i)) => i32::try_from(*i).is_ok(),
        (Kind::Duration, Node::Text(text)) => nanoseconds(text).is_some(),
        (Kind::Timestamp, Node::Text(text)) => text.parse::<Timestamp>().is_ok(),
        (Kind::Enum(_, names), Node::Text(text)) => names.contains(&&**text),
        (Kind::Object(schema), Node::Map(_)) => {
            object(node, schema, path, found);
            true
        }
        (Kind::TextMap, Node::Map(members)) => {
            text_map(members, path, found);
            true
        }
        (Kind::List(item), Node::List(items)) => {
            for (i, one) in items.iter().enumerate() {
                value(one, item, &path.then(Step::Item(i)), found);
            }
            true
        }
        _ => false,
    };
    if !good {
        value_error(path, type_name(kind), node, found);
    }
}

fn text_map(
    members: &[(std::borrow::Cow<'_, str>, Node<'_>)],
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    for (i, (key, node)) in members.iter().enumerate() {
        let earlier = members.get(..i).unwrap_or_default();
        if earlier.iter().any(|(other, _)| other == key) {
            name_error(path, key, "Repeated map key.", found);
        }
        if !matches!(node, Node::Text(_)) {
            value_error(&path.then(Step::Value(i)), "TYPE_STRING", node, found);
        }
    }
}

fn type_name(kind: &'static Kind) -> &'static str {
    match kind {
        Kind::Text => "TYPE_STRING",
        Kind::Bool => "TYPE_BOOL",
        Kind::Int32 => "TYPE_INT32",
        Kind::Float => "TYPE_FLOAT",
        Kind::Duration => "type.googleapis.com/google.protobuf.Duration",
        Kind::Timestamp => "type.googleapis.com/google.protobuf.Timestamp",
        Kind::Enum(name, _) => name,
        Kind::TextMap => "Map",
        Kind::Struct => "type.googleapis.com/google.protobuf.Struct",
        Kind::List(_) => "List",
        Kind::Object(schema) => schema.name,
    }
}

fn name_error(path: &Path<'_>, name: &str, why: &str, found: &mut Vec<Violation>) {
    let field = path.to_string();
    let place = match field.as_str() {
        "" => String::new(),
        field => format!(" at '{field}'"),
    };
    push(
        found,
        field,
        format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: {why}"),
    );
}

fn value_error(path: &Path<'_>, kind: &str, node: &Node<'_>, found: &mut Vec<Violation>) {
    let field = path.to_string();
    let shown: String = node.to_string().chars().take(QUOTED).collect();
    let description = format!("Invalid value at '{field}' ({kind}), {shown}");
    push(found, field, description);
}

fn push(found: &mut Vec<Violation>, field: String, description: String) {
    if found.len() < MAX_VIOLATIONS {
        found.push(Violation { field, description });
    }
}

/// Reads a protobuf duration as nanoseconds.
pub(super) fn nanoseconds(text: &str) -> Option<i128> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 12 || fraction.len() > 9 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (whole * 1_000_000_000 + fraction))
}
