//! What WeCom asks of a message, as far as our sender uses it.
//!
//! Stricter than WeCom in four places: a message is a text and goes to members by name (no `@all`, no departments or
//! tags), names that it does not know are refused, a text that is too long is refused where WeCom cuts it, and the
//! same member named twice is an error.

use serde_json::{Map, Value};

use super::code::{Refusal, WeComCode};

const KEYS: [&str; 8] = [
    "touser",
    "msgtype",
    "agentid",
    "text",
    "safe",
    "enable_id_trans",
    "enable_duplicate_check",
    "duplicate_check_interval",
];
/// Members of one message.
const MAX_USERS: usize = 1_000;
/// Bytes of a text.
const MAX_TEXT: usize = 2_048;
/// Four hours.
const MAX_KNOWN_S: u64 = 14_400;
/// For which a request is known again when nothing else is said.
const USUAL_KNOWN_S: u64 = 1_800;

/// A message that WeCom would take.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) users: Vec<String>,
    pub(super) agent_id: u32,
    pub(super) content: String,
    /// For how long the same request is not shown again; nothing: it always is.
    pub(super) known_s: Option<u64>,
}

type Checked<T> = Result<T, Refusal>;

fn refuse<T>(code: WeComCode, what: impl Into<String>) -> Checked<T> {
    Err(Refusal::new(code, what))
}

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Checked<Sending> {
    let Ok(Value::Object(message)) = serde_json::from_slice(body) else {
        return refuse(WeComCode::BadJson, "the body is no JSON object");
    };
    if let Some(key) = message.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return refuse(WeComCode::BadValue, format!("{key} is not known here"));
    }
    let agent_id = match message.get("agentid") {
        None => return refuse(WeComCode::NoAgent, "agentid is missing"),
        Some(id) => id.as_u64().and_then(|id| u32::try_from(id).ok()),
    };
    let Some(agent_id) = agent_id else {
        return refuse(WeComCode::BadAgent, "agentid is no number");
    };
    if message.get("msgtype").and_then(Value::as_str) != Some("text") {
        return refuse(WeComCode::BadKind, "msgtype is not text");
    }
    Ok(Sending {
        users: users(message.get("touser"))?,
        agent_id,
        content: content(message.get("text"))?,
        known_s: known(&message)?,
    })
}

fn users(touser: Option<&Value>) -> Checked<Vec<String>> {
    let Some(text) = touser.and_then(Value::as_str) else {
        return refuse(WeComCode::BadUsers, "touser is no text");
    };
    let users: Vec<String> = text.split('|').map(str::to_owned).collect();
    if users.len() > MAX_USERS {
        let what = format!("{} members, of which {MAX_USERS} are allowed", users.len());
        return refuse(WeComCode::BadUsers, what);
    }
    if let Some(odd) = users.iter().find(|u| !is_userid(u)) {
        return refuse(WeComCode::BadUsers, format!("{odd:?} is no userid"));
    }
    let mut small: Vec<String> = users.iter().map(|u| u.to_ascii_lowercase()).collect();
    small.sort_unstable();
    small.dedup();
    if small.len() < users.len() {
        return refuse(WeComCode::BadUsers, "a member is named twice");
    }
    Ok(users)
}

/// 1 to 64 letters, digits and `_ - @ .`, the first a letter or digit.
pub(super) fn is_userid(text: &str) -> bool {
    let begins = text
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    let rest = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
    begins && text.len() <= 64 && text.chars().all(rest)
}

fn content(text: Option<&Value>) -> Checked<String> {
    let Some(Value::Object(text)) = text else {
        return refuse(WeComCode::Empty, "text is missing");
    };
    if text.keys().any(|key| key != "content") {
        return refuse(WeComCode::BadValue, "text holds more than content");
    }
    match text.get("content").and_then(Value::as_str) {
        None | Some("") => refuse(WeComCode::Empty, "text.content is empty"),
        Some(content) if content.len() > MAX_TEXT => {
            let bytes = content.len();
            let what = format!("{bytes} bytes, of which {MAX_TEXT} are allowed");
            refuse(WeComCode::TooLong, what)
        }
        Some(content) => Ok(content.to_owned()),
    }
}

fn known(message: &Map<String, Value>) -> Checked<Option<u64>> {
    let flag = |name: &str| match message.get(name).map(Value::as_u64) {
        None | Some(Some(0)) => Ok(false),
        Some(Some(1)) => Ok(true),
        Some(_) => refuse(WeComCode::BadValue, format!("{name} is neither 0 nor 1")),
    };
    flag("safe")?;
    flag("enable_id_trans")?;
    let seconds = match message.get("duplicate_check_interval").map(Value::as_u64) {
        None => USUAL_KNOWN_S,
        Some(Some(seconds @ 1..=MAX_KNOWN_S)) => seconds,
        Some(_) => {
            return refuse(
                WeComCode::BadValue,
                "duplicate_check_interval is not 1 to 14400",
            );
        }
    };
    Ok(flag("enable_duplicate_check")?.then_some(seconds))
}
