//! What APNs asks of a request, in its order: method, path, who asks, headers, payload.
//!
//! Stricter than Apple where Apple forgives what is most often a mistake: `apns-push-type`, `apns-topic` and
//! `aps` are required, and an alert has something to show.

use http::request::Parts;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::reason::{ApnsReason, Refusal};
use super::token::Keys;

const PATH: &str = "/3/device/";
/// Bytes of a payload.
const MAX_PAYLOAD: usize = 4_096;
/// Bytes of a collapse id.
const MAX_COLLAPSE_ID: usize = 64;
/// A device token is hexadecimal; Apple's are of 32 bytes today and may become longer.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 8..=100;
const PUSH_TYPES: [&str; 11] = [
    "alert",
    "background",
    "complication",
    "controls",
    "fileprovider",
    "liveactivity",
    "location",
    "mdm",
    "pushtotalk",
    "voip",
    "widgets",
];

/// A notification that APNs would take.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) device: String,
    pub(super) message_id: Option<String>,
}

/// Reads a request.
pub(super) fn admit(
    head: &Parts,
    body: &[u8],
    keys: &Keys,
    now_s: i64,
) -> Result<Sending, Refusal> {
    if head.method != Method::POST {
        return refuse(ApnsReason::MethodNotAllowed, "only POST is allowed");
    }
    let Some(device) = head.uri.path().strip_prefix(PATH) else {
        return refuse(ApnsReason::BadPath, "the path is not /3/device/{token}");
    };
    if head.uri.query().is_some() {
        return refuse(ApnsReason::BadPath, "the path has a query");
    }
    once(&head.headers)?;
    let topic = keys.admit(text(&head.headers, "authorization"), now_s)?;
    device_token(device)?;
    let kind = headers(&head.headers, &topic)?;
    let payload = payload(body, kind)?;
    let id = payload.get("message_id").and_then(Value::as_str);
    let id = id.or_else(|| text(&head.headers, "apns-id"));
    Ok(Sending {
        device: device.to_owned(),
        message_id: id.map(str::to_owned),
    })
}

fn refuse<T>(reason: ApnsReason, what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(reason, what))
}

/// A header of Apple's, or nothing; what is no text is as good as absent.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// The headers that say how to push, as records show them; never the provider token.
pub(super) fn shown(headers: &HeaderMap) -> Value {
    let mut shown = Map::new();
    for (name, value) in headers {
        if name.as_str().starts_with("apns-") {
            let value = String::from_utf8_lossy(value.as_bytes());
            shown.insert(name.as_str().to_owned(), json!(value));
        }
    }
    shown.into()
}

fn once(headers: &HeaderMap) -> Result<(), Refusal> {
    let twice = headers
        .keys()
        .find(|name| headers.get_all(*name).iter().count() > 1);
    match twice {
        Some(name) => refuse(
            ApnsReason::DuplicateHeaders,
            format!("{name} stands there twice"),
        ),
        None => Ok(()),
    }
}

fn device_token(device: &str) -> Result<(), Refusal> {
    if device.is_empty() {
        return refuse(ApnsReason::MissingDeviceToken, "no token in the path");
    }
    let hex = device.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex || !device.len().is_multiple_of(2) || !TOKEN_BYTES.contains(&(device.len() / 2)) {
        return refuse(
            ApnsReason::BadDeviceToken,
            "the token is not hexadecimal or of another length",
        );
    }
    Ok(())
}

fn headers<'h>(headers: &'h HeaderMap, topic: &str) -> Result<&'h str, Refusal> {
    let get = |name| text(headers, name);
    if let Some(id) = get("apns-id")
        && !canonical_uuid(id)
    {
        return refuse(
            ApnsReason::BadMessageId,
            "apns-id is no UUID in lower case with hyphens",
        );
    }
    let kind = match get("apns-push-type") {
        Some(kind) if PUSH_TYPES.contains(&kind) => kind,
        _ => {
            return refuse(
                ApnsReason::InvalidPushType,
                "apns-push-type is missing or unknown",
            );
        }
    };
    match get("apns-priority") {
        None | Some("1" | "5") => {}
        Some("10") if kind != "background" => {}
        Some(_) => {
            return refuse(
                ApnsReason::BadPriority,
                "apns-priority is not 10, 5 or 1, or 10 for the background",
            );
        }
    }
    if let Some(until) = get("apns-expiration")
        && !until.parse::<i64>().is_ok_and(|until| until >= 0)
    {
        return refuse(
            ApnsReason::BadExpirationDate,
            "apns-expiration is no time in seconds",
        );
    }
    match get("apns-topic") {
        None => return refuse(ApnsReason::MissingTopic, "apns-topic is missing"),
        Some(asked) if asked != topic => {
            return refuse(
                ApnsReason::TopicDisallowed,
                format!("this key pushes to {topic} alone"),
            );
        }
        Some(_) => {}
    }
    match headers.get("apns-collapse-id").map(|v| v.len()) {
        Some(len) if len == 0 || len > MAX_COLLAPSE_ID => refuse(
            ApnsReason::BadCollapseId,
            format!("apns-collapse-id has {len} bytes"),
        ),
        _ => Ok(kind),
    }
}

fn canonical_uuid(id: &str) -> bool {
    uuid::Uuid::parse_str(id).is_ok_and(|uuid| uuid.hyphenated().to_string() == id)
}

fn payload(body: &[u8], kind: &str) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return refuse(ApnsReason::PayloadEmpty, "no payload");
    }
    if body.len() > MAX_PAYLOAD {
        return refuse(
            ApnsReason::PayloadTooLarge,
            format!("{} bytes, of which {MAX_PAYLOAD} are allowed", body.len()),
        );
    }
    // Apple has no word for a payload it cannot read.
    let empty = |what: &str| refuse(ApnsReason::PayloadEmpty, what);
    let Ok(Value::Object(payload)) = serde_json::from_slice(body) else {
        return empty("the payload is no JSON object");
    };
    let Some(Value::Object(aps)) = payload.get("aps") else {
        return empty("the payload has no object aps");
    };
    if let Some(badge) = aps.get("badge")
        && badge.as_i64().is_none_or(|n| n < 0)
    {
        return empty("aps.badge is no whole number");
    }
    let shows = match aps.get("alert") {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(alert)) => !alert.is_empty(),
        Some(_) => return empty("aps.alert is neither text nor an object"),
        None => aps.contains_key("badge") || aps.contains_key("sound"),
    };
    if kind == "alert" && !shows {
        return empty("an alert shows something: aps.alert, badge or sound");
    }
    Ok(payload)
}
