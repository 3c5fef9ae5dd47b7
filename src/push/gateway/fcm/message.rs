//! What FCM itself asks of a message beyond the schema.

use std::fmt::{self, Write};

use super::super::record::Target;
use super::check::{check, nanoseconds};
use super::errors::{Refusal, Violation};
use super::json::Node;
use super::schema::REQUEST;

/// Bytes of a payload.
const MAX_PAYLOAD: usize = 4_096;
const MAX_TTL_NS: i128 = 28 * 86_400 * 1_000_000_000;
const MAX_TOKEN: usize = 4_096;
const TARGETS: [&str; 3] = ["token", "topic", "condition"];

/// A message that FCM would take.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) target: Target,
    pub(super) message_id: Option<String>,
    pub(super) validate_only: bool,
}

/// Reads the body of `messages:send`.
pub(super) fn read(body: &[u8]) -> Result<Sending, Refusal> {
    let body: Node<'_> = serde_json::from_slice(body).map_err(Refusal::malformed)?;
    let mut violations = check(&body, &REQUEST);
    let message = body.get("message");
    violations.extend(message.and_then(second_target));
    if !violations.is_empty() {
        return Err(Refusal::schema(&violations));
    }
    let message = message.ok_or_else(|| Refusal::argument("message", "Message is not set."))?;
    let target = target(message)?;
    for data in [message.get("data"), dig(message, &["android", "data"])] {
        data.map_or(Ok(()), reserved_keys)?;
    }
    options(message)?;
    sizes(message)?;
    Ok(Sending {
        target,
        message_id: dig(message, &["data", "message_id"])
            .and_then(Node::text)
            .map(str::to_owned),
        validate_only: body.get("validateOnly") == Some(&Node::Bool(true)),
    })
}

fn dig<'n, 'a>(node: &'n Node<'a>, path: &[&str]) -> Option<&'n Node<'a>> {
    path.iter().try_fold(node, |node, name| node.get(name))
}

fn text<'n>(node: &'n Node<'_>, path: &[&str]) -> Option<&'n str> {
    dig(node, path).and_then(Node::text)
}

/// The complaint about a second target.
fn second_target(message: &Node<'_>) -> Option<Violation> {
    let given = |name: &&&str| message.get(name).is_some();
    let second = TARGETS.iter().filter(given).nth(1)?;
    Some(Violation {
        field: "message".to_owned(),
        description: format!(
            "Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '{second}'"
        ),
    })
}

fn target(message: &Node<'_>) -> Result<Target, Refusal> {
    if let Some(token) = text(message, &["token"]) {
        let good = !token.is_empty()
            && token.len() <= MAX_TOKEN
            && token.bytes().all(|b| b.is_ascii_graphic());
        return if good {
            Ok(Target::Token(token.to_owned()))
        } else {
            Err(Refusal::argument(
                "message.token",
                "The registration token is not a valid FCM registration token",
            ))
        };
    }
    if let Some(topic) = text(message, &["topic"]) {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
        return if !topic.is_empty() && topic.bytes().all(good) {
            Ok(Target::Topic(topic.to_owned()))
        } else {
            Err(Refusal::argument(
                "message.topic",
                "Malformed topic name. Topic names must match \"[a-zA-Z0-9-_.~%]+\".",
            ))
        };
    }
    match text(message, &["condition"]) {
        Some(condition) if condition.contains(" in topics") => {
            Ok(Target::Condition(condition.to_owned()))
        }
        Some(_) => Err(Refusal::argument(
            "message.condition",
            "Invalid condition expression provided.",
        )),
        None => Err(Refusal::argument(
            "message.token",
            "Recipient of the message is not set.",
        )),
    }
}

fn reserved_keys(data: &Node<'_>) -> Result<(), Refusal> {
    let reserved = data.members().iter().map(|(key, _)| &**key).find(|key| {
        matches!(*key, "from" | "message_type")
            || key.starts_with("google")
            || key.starts_with("gcm")
    });
    match reserved {
        None => Ok(()),
        Some(key) => Err(Refusal::argument(
            "message.data",
            format!("Invalid data payload key: {key}"),
        )),
    }
}

fn options(message: &Node<'_>) -> Result<(), Refusal> {
    if let Some(ttl) = text(message, &["android", "ttl"])
        && !nanoseconds(ttl).is_some_and(|ns| (0..=MAX_TTL_NS).contains(&ns))
    {
        return Err(Refusal::argument(
            "message.android.ttl",
            "Invalid TTL: it must be between 0s and 2419200s (4 weeks).",
        ));
    }
    if let Some(color) = text(message, &["android", "notification", "color"]) {
        let hex = color.strip_prefix('#').unwrap_or_default();
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Refusal::argument(
                "message.android.notification.color",
                "Invalid color: it must be in the form #rrggbb.",
            ));
        }
    }
    if let Some(link) = text(message, &["webpush", "fcmOptions", "link"])
        && !link.starts_with("https://")
    {
        return Err(Refusal::argument(
            "message.webpush.fcm_options.link",
            "Invalid link: HTTPS is required.",
        ));
    }
    let labels: [&[&str]; 4] = [
        &["fcmOptions", "analyticsLabel"],
        &["android", "fcmOptions", "analyticsLabel"],
        &["apns", "fcmOptions", "analyticsLabel"],
        &["webpush", "fcmOptions", "analyticsLabel"],
    ];
    for path in labels {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
        if let Some(label) = text(message, path)
            && (label.is_empty() || label.len() > 50 || !label.bytes().all(good))
        {
            return Err(Refusal::argument(
                "message.fcm_options.analytics_label",
                "Invalid analytics label: it must match \"^[a-zA-Z0-9-_.~%]{1,50}$\".",
            ));
        }
    }
    Ok(())
}

fn sizes(message: &Node<'_>) -> Result<(), Refusal> {
    let base = message.get("data");
    let notification = message.get("notification").map_or(0, weight);
    let own = |platform: &str, part: &str| dig(message, &[platform, part]);
    let android = own("android", "data").or(base).map_or(0, weight)
        + notification
        + own("android", "notification").map_or(0, weight);
    if android > MAX_PAYLOAD {
        return Err(Refusal::argument("message", "Android message is too big"));
    }
    let apns = own("apns", "payload").map_or(0, written) + base.map_or(0, weight) + notification;
    if apns > MAX_PAYLOAD && message.get("apns").is_some() {
        return Err(Refusal::argument("message", "APNs message is too big"));
    }
    let web = own("webpush", "data").or(base).map_or(0, weight)
        + own("webpush", "notification").map_or(notification, written);
    if web > MAX_PAYLOAD && message.get("webpush").is_some() {
        return Err(Refusal::argument("message", "Web Push message is too big"));
    }
    Ok(())
}

/// The bytes of the keys and values of an object.
fn weight(node: &Node<'_>) -> usize {
    let value = |node: &Node<'_>| node.text().map_or_else(|| written(node), str::len);
    node.members()
        .iter()
        .map(|(key, node)| key.len() + value(node))
        .sum()
}

/// The bytes of a value written as compact JSON.
fn written(node: &Node<'_>) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.0 += s.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail.
    let _ = write!(count, "{node}");
    count.0
}
