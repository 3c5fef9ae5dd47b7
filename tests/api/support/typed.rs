//! What tests type into bodies, and that none of it stands in the audit: looked at when a test's app stops, so that
//! every write of the suite is.

use diesel::prelude::*;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock};

use qianshou::db::DbConn;
use qianshou::db::schema::audit_entries;

/// By the server it was sent to.
fn typed() -> &'static Mutex<HashMap<String, HashSet<String>>> {
    static TYPED: OnceLock<Mutex<HashMap<String, HashSet<String>>>> = OnceLock::new();
    TYPED.get_or_init(Mutex::default)
}

/// Remembers what a body holds that somebody typed: no word of a list and no id.
pub fn note(url: &reqwest::Url, body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let mut found = Vec::new();
    texts(&body, &mut found);
    if !found.is_empty() {
        let server = url.authority().to_owned();
        let mut all = typed().lock().unwrap_or_else(|e| e.into_inner());
        all.entry(server).or_default().extend(found);
    }
}

fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if telling(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|i| texts(i, out)),
        Value::Object(fields) => fields.values().for_each(|f| texts(f, out)),
        _ => {}
    }
}

/// Names, numbers, addresses, notes, days: what chance does not write into an entry.
fn telling(text: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '.' | '-');
    let long = if text.is_ascii() { 6 } else { 2 };
    text.chars().count() >= long
        && !text.chars().all(word)
        && text.parse::<qianshou::db::Uid>().is_err()
}

#[derive(Debug, Queryable)]
struct Written {
    role: Option<String>,
    action: String,
    kind: String,
    reason: Option<String>,
    facts: String,
    request_id: String,
}

/// Nothing that was typed stands in any entry, and an entry is made of words of lists, ids and counts alone.
pub fn assert_not_in_the_audit(c: &mut DbConn, server: &str) {
    let entries: Vec<Written> = audit_entries::table
        .select((
            audit_entries::role,
            audit_entries::action,
            audit_entries::kind,
            audit_entries::reason,
            audit_entries::facts,
            audit_entries::request_id,
        ))
        .load(c)
        .unwrap();
    let mut all = typed().lock().unwrap_or_else(|e| e.into_inner());
    let typed = all.remove(server).unwrap_or_default();
    drop(all);
    for entry in entries {
        if let Some(wrong) = wrong(&entry) {
            panic!("{wrong} in the audit: {entry:?}");
        }
        let whole = format!("{entry:?}");
        let found = typed.iter().find(|text| stands(&whole, text));
        assert_eq!(found, None, "typed by somebody, and in the audit: {whole}");
    }
}

/// Whether a text stands somewhere, and not by chance as some digits of a longer id.
fn stands(whole: &str, text: &str) -> bool {
    let digits = text.chars().all(|c| c.is_ascii_hexdigit());
    let joins = |c: Option<char>| digits && c.is_some_and(|c| c.is_ascii_hexdigit());
    whole.match_indices(text).any(|(at, _)| {
        let (before, after) = (&whole[..at], &whole[at + text.len()..]);
        !joins(before.chars().next_back()) && !joins(after.chars().next())
    })
}

fn word(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    text.len() <= 80
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(inner)
}

/// What in an entry is neither a word, nor an id, nor a count.
fn wrong(entry: &Written) -> Option<String> {
    let words = [
        Some(&entry.action),
        Some(&entry.kind),
        entry.role.as_ref(),
        entry.reason.as_ref(),
    ];
    if let Some(text) = words.into_iter().flatten().find(|text| !word(text)) {
        return Some(text.clone());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !entry.request_id.chars().all(plain) {
        return Some(entry.request_id.clone());
    }
    let Ok(Value::Object(facts)) = serde_json::from_str(&entry.facts) else {
        return Some(entry.facts.clone());
    };
    let fits = |name: &str, value: &Value| {
        let a_word = |v: &Value| v.as_str().is_some_and(word);
        match name {
            "what" | "from" | "to" | "paper" | "kind" => a_word(value),
            "fields" | "late" => value.as_array().is_some_and(|v| v.iter().all(a_word)),
            "assignee" | "person" | "resident" | "author" | "record" | "area" | "change"
            | "into" => {
                value.is_null()
                    || value
                        .as_str()
                        .is_some_and(|v| v.parse::<qianshou::db::Uid>().is_ok())
            }
            "full" | "masked" | "entries" | "first" | "last" | "policies" | "people"
            | "households" | "consents" | "rows" | "areas" | "carried" | "year" | "before"
            | "after" => value.is_u64(),
            "file_sha256" => value.as_str().is_some_and(|hash| {
                hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())
            }),
            _ => false,
        }
    };
    facts
        .iter()
        .find(|(name, value)| !fits(name, value))
        .map(|(name, value)| format!("{name} = {value}"))
}
