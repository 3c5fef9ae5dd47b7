//! One request, as it is kept and shown.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A body longer than this is kept cut off.
const RAW_KEPT: usize = 16 * 1024;

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Token(String),
    Topic(String),
    Condition(String),
}

impl Target {
    /// The registration token, or nothing.
    pub(super) fn token(&self) -> &str {
        match self {
            Self::Token(token) => token,
            Self::Topic(_) | Self::Condition(_) => "",
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Token(s) | Self::Topic(s) | Self::Condition(s) => s,
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It would reach the phone. `message` is the id the sender was told.
    Accepted {
        message: String,
        duplicate: bool,
        reply_lost: bool,
    },
    /// It was refused, or the connection was cut (status 0).
    Refused {
        status: u16,
        code: &'static str,
        reason: String,
    },
}

/// One request, kept.
#[derive(Debug)]
pub(super) struct Record {
    seq: u64,
    at: Timestamp,
    entry: Entry,
}

/// What a provider tells of one request.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) provider: &'static str,
    pub(super) path: &'static str,
    pub(super) project: String,
    pub(super) target: Option<Target>,
    pub(super) raw: Box<[u8]>,
    pub(super) bytes: usize,
    /// The fault rule that was applied.
    pub(super) fault: Option<&'static str>,
    pub(super) outcome: Outcome,
}

impl Entry {
    /// A copy of the body as it is kept.
    pub(super) fn keep(body: &[u8]) -> Box<[u8]> {
        Box::from(body.get(..RAW_KEPT).unwrap_or(body))
    }
}

impl Record {
    pub(super) fn new(seq: u64, at: Timestamp, entry: Entry) -> Self {
        Self { seq, at, entry }
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// The item of `GET /received`.
    pub(super) fn to_json(&self) -> Value {
        let entry = &self.entry;
        let (mut token, mut topic, mut condition) = (None, None, None);
        match &entry.target {
            Some(Target::Token(s)) => token = Some(s),
            Some(Target::Topic(s)) => topic = Some(s),
            Some(Target::Condition(s)) => condition = Some(s),
            None => {}
        }
        let raw = match serde_json::from_slice::<Value>(&entry.raw) {
            Ok(value) => value,
            Err(_) if entry.raw.is_empty() => Value::Null,
            Err(_) => String::from_utf8_lossy(&entry.raw).into(),
        };
        let (data, notification) = shown(entry.provider, &raw);
        let mut item = json!({
            "seq": self.seq,
            "at": format!("{:.3}", self.at),
            "provider": entry.provider,
            "path": entry.path,
            "project": entry.project,
            "token": token,
            "topic": topic,
            "condition": condition,
            "data": data,
            "notification": notification,
            "bytes": entry.bytes,
            "fault": entry.fault,
        });
        let more = match &entry.outcome {
            Outcome::Accepted {
                message,
                duplicate,
                reply_lost,
            } => json!({
                "outcome": "accepted",
                "name": message,
                "duplicate": duplicate,
                "reply_lost": reply_lost,
            }),
            Outcome::Refused {
                status,
                code,
                reason,
            } => json!({
                "outcome": "refused",
                "status": status,
                "code": code,
                "reason": reason,
            }),
        };
        if let (Value::Object(item), Value::Object(more)) = (&mut item, more) {
            item.extend(more);
            item.insert("raw".to_owned(), raw);
        }
        item
    }
}

/// What an app is given and what the phone's screen shows, wherever the provider's message says it.
fn shown(provider: &str, raw: &Value) -> (Value, Value) {
    match provider {
        "apns" => {
            let mut data = raw["payload"].clone();
            if let Value::Object(members) = &mut data {
                members.remove("aps");
            }
            (data, raw["payload"]["aps"]["alert"].clone())
        }
        // The first line of a text is its title.
        "wecom" => {
            let text = raw["text"]["content"].as_str().unwrap_or_default();
            let (title, body) = text.split_once('\n').unwrap_or((text, ""));
            match text {
                "" => (Value::Null, Value::Null),
                _ => (Value::Null, json!({ "title": title, "body": body })),
            }
        }
        "jpush" => {
            let android = &raw["notification"]["android"];
            // Without a title of its own the text stands alone.
            let notification = match &android["title"] {
                Value::Null => json!({ "title": android["alert"] }),
                title => json!({ "title": title, "body": android["alert"] }),
            };
            (android["extras"].clone(), notification)
        }
        _ => (
            raw["message"]["data"].clone(),
            raw["message"]["notification"].clone(),
        ),
    }
}
