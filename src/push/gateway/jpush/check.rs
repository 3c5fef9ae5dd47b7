//! What JPush asks of a push, as far as our senders use it.
//!
//! Stricter than JPush in three places: a target is a registration id and nothing else, a push has a `cid` that
//! was given out to this app, and names that it does not know are refused inside `options`, too.

use serde_json::{Map, Value};

use super::code::{JPushCode, Refusal};

const KEYS: [&str; 6] = [
    "cid",
    "platform",
    "audience",
    "notification",
    "message",
    "options",
];
const PLATFORMS: [&str; 4] = ["android", "ios", "quickapp", "hmos"];
const OPTIONS: [&str; 8] = [
    "sendno",
    "time_to_live",
    "override_msg_id",
    "apns_production",
    "apns_collapse_id",
    "big_push_duration",
    "third_party_channel",
    "classification",
];
const VENDORS: [&str; 9] = [
    "xiaomi", "huawei", "honor", "meizu", "oppo", "vivo", "fcm", "nio", "hmos",
];
/// Registration ids of one call.
const MAX_TARGETS: usize = 1_000;
/// Ten days.
const MAX_TTL_S: i64 = 864_000;
/// Bytes of a notification for Android…
const MAX_ANDROID: usize = 4_000;
/// …and for iOS.
const MAX_IOS: usize = 2_000;
const MAX_COLLAPSE_ID: usize = 64;

/// A push that JPush would take.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) cid: String,
    /// The only target, or the first of several.
    pub(super) target: String,
    pub(super) message_id: Option<String>,
}

type Checked<T> = Result<T, Refusal>;

fn refuse<T>(code: JPushCode, what: impl Into<String>) -> Checked<T> {
    Err(Refusal::new(code, what))
}

fn invalid<T>(what: impl Into<String>) -> Checked<T> {
    refuse(JPushCode::Invalid, what)
}

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Checked<Sending> {
    let Ok(Value::Object(push)) = serde_json::from_slice(body) else {
        return invalid("the body is no JSON object");
    };
    known(&push, &KEYS, "")?;
    platform(push.get("platform"))?;
    let target = audience(push.get("audience"))?;
    let notification = match push.get("notification") {
        Some(Value::Object(notification)) => notification,
        Some(_) => return invalid("notification is no object"),
        None => return refuse(JPushCode::Missing, "notification is missing"),
    };
    let extras = self::notification(notification)?;
    match push.get("options") {
        None => {}
        Some(Value::Object(given)) => options(given)?,
        Some(_) => return invalid("options is no object"),
    }
    let Some(cid) = push.get("cid").and_then(Value::as_str) else {
        return refuse(JPushCode::Missing, "cid is missing");
    };
    Ok(Sending {
        cid: cid.to_owned(),
        target,
        message_id: extras
            .and_then(|e| e.get("message_id")?.as_str())
            .map(str::to_owned),
    })
}

fn known(object: &Map<String, Value>, names: &[&str], place: &str) -> Checked<()> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => refuse(JPushCode::UnknownKey, format!("{place}{key}")),
        None => Ok(()),
    }
}

fn platform(platform: Option<&Value>) -> Checked<()> {
    match platform {
        Some(Value::String(all)) if all == "all" => Ok(()),
        Some(Value::Array(some))
            if !some.is_empty()
                && some
                    .iter()
                    .all(|p| p.as_str().is_some_and(|p| PLATFORMS.contains(&p))) =>
        {
            Ok(())
        }
        Some(_) => invalid("platform is neither all nor a list of platforms"),
        None => refuse(JPushCode::Missing, "platform is missing"),
    }
}

fn audience(audience: Option<&Value>) -> Checked<String> {
    let Some(audience) = audience else {
        return refuse(JPushCode::Missing, "audience is missing");
    };
    let only = audience.as_object().filter(|a| a.len() == 1);
    let Some(Value::Array(ids)) = only.and_then(|a| a.get("registration_id")) else {
        return invalid("audience is not registration_id alone");
    };
    if ids.is_empty() || ids.len() > MAX_TARGETS {
        return invalid(format!("{} registration ids", ids.len()));
    }
    let good =
        |id: &str| (11..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut first = None;
    for id in ids {
        match id.as_str().filter(|id| good(id)) {
            Some(id) => first = first.or(Some(id)),
            None => return invalid("a registration id is malformed"),
        }
    }
    Ok(first.unwrap_or_default().to_owned())
}

/// The extras of Android's part.
fn notification(notification: &Map<String, Value>) -> Checked<Option<&Map<String, Value>>> {
    known(
        notification,
        &["alert", "android", "ios", "hmos", "quickapp"],
        "notification.",
    )?;
    let mut extras = None;
    for (name, most) in [("android", MAX_ANDROID), ("ios", MAX_IOS)] {
        let Some(part) = notification.get(name) else {
            continue;
        };
        let Value::Object(part) = part else {
            return invalid(format!("notification.{name} is no object"));
        };
        let alert = match part.get("alert").or(notification.get("alert")) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Object(alert)) => name == "ios" && !alert.is_empty(),
            _ => false,
        };
        if !alert {
            return refuse(JPushCode::Missing, format!("notification.{name}.alert"));
        }
        match part.get("extras") {
            None => {}
            Some(Value::Object(given)) if name == "android" => extras = Some(given),
            Some(Value::Object(_)) => {}
            Some(_) => return invalid(format!("notification.{name}.extras is no object")),
        }
        let bytes = serde_json::to_vec(part).map_or(usize::MAX, |b| b.len());
        if bytes > most {
            return refuse(
                JPushCode::TooBig,
                format!("notification.{name} has {bytes} bytes, of which {most} are allowed"),
            );
        }
    }
    if notification.is_empty() {
        return refuse(JPushCode::Missing, "notification is empty");
    }
    Ok(extras)
}

fn options(options: &Map<String, Value>) -> Checked<()> {
    known(options, &OPTIONS, "options.")?;
    let whole = |name: &str, low: i64, high: i64| match options.get(name) {
        None => Ok(()),
        Some(n) if n.as_i64().is_some_and(|n| (low..=high).contains(&n)) => Ok(()),
        Some(_) => invalid(format!("options.{name}")),
    };
    whole("time_to_live", 0, MAX_TTL_S)?;
    whole("classification", 0, 1)?;
    whole("sendno", 1, i64::from(i32::MAX))?;
    if let Some(production) = options.get("apns_production")
        && !production.is_boolean()
    {
        return invalid("options.apns_production is neither true nor false");
    }
    if let Some(id) = options.get("apns_collapse_id")
        && id.as_str().is_none_or(|id| id.len() > MAX_COLLAPSE_ID)
    {
        return invalid("options.apns_collapse_id");
    }
    match options.get("third_party_channel") {
        None => Ok(()),
        Some(Value::Object(vendors)) => {
            known(vendors, &VENDORS, "options.third_party_channel.")?;
            if vendors.values().all(Value::is_object) {
                Ok(())
            } else {
                invalid("options.third_party_channel holds something else than objects")
            }
        }
        Some(_) => invalid("options.third_party_channel is no object"),
    }
}
