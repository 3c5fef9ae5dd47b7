//! The headers of a push (RFC 8030, section 5) and the frame of its body (RFC 8188).

use actix_web::HttpRequest;
use serde::Serialize;

use super::refusal::Refusal;
use super::subscriptions::is_point;

/// What every push service takes at least.
pub(super) const MAX_BODY: usize = 4_096;
const HEADER: usize = 86;
/// A delimiter and a tag.
const LEAST_RECORD: usize = 17;

/// The headers, as records show them.
#[derive(Debug, Serialize)]
pub(super) struct Headers {
    pub(super) ttl: u64,
    pub(super) urgency: Option<String>,
    pub(super) topic: Option<String>,
}

/// The one value of a header; twice is an error.
pub(super) fn one<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut all = request.headers().get_all(name);
    let first = all.next();
    if all.next().is_some() {
        return Err(Refusal::header(format!("{name} stands twice")));
    }
    first
        .map(|v| {
            v.to_str()
                .map_err(|_| Refusal::header(format!("{name} is not plain text")))
        })
        .transpose()
}

pub(super) fn headers(request: &HttpRequest) -> Result<Headers, Refusal> {
    let ttl = one(request, "ttl")?.ok_or_else(|| Refusal::header("TTL is missing"))?;
    let digits = !ttl.is_empty() && ttl.bytes().all(|b| b.is_ascii_digit());
    let ttl = ttl
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| Refusal::header("TTL is no number of seconds"))?;
    let urgency = one(request, "urgency")?;
    if urgency.is_some_and(|u| !["very-low", "low", "normal", "high"].contains(&u)) {
        return Err(Refusal::header("Urgency is none of its four words"));
    }
    let topic = one(request, "topic")?;
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if topic.is_some_and(|t| t.is_empty() || t.len() > 32 || !t.bytes().all(letter)) {
        return Err(Refusal::header(
            "Topic is not up to 32 letters of base64url",
        ));
    }
    if one(request, "content-encoding")? != Some("aes128gcm") {
        return Err(Refusal::new(
            415,
            "CONTENT_ENCODING",
            "Content-Encoding must be aes128gcm",
        ));
    }
    Ok(Headers {
        ttl,
        urgency: urgency.map(str::to_owned),
        topic: topic.map(str::to_owned),
    })
}

/// A body in its parts.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) salt: &'a [u8],
    pub(super) sender: &'a [u8],
    pub(super) record: &'a [u8],
}

pub(super) fn frame(body: &[u8]) -> Result<Frame<'_>, Refusal> {
    if body.len() > MAX_BODY {
        return Err(Refusal::new(413, "TOO_LARGE", "more than 4096 bytes"));
    }
    let (Some(head), Some(record)) = (body.get(..HEADER), body.get(HEADER..)) else {
        return Err(Refusal::body("shorter than its header"));
    };
    let (salt, rest) = head.split_at(16);
    let (size, rest) = rest.split_at(4);
    let (length, sender) = rest.split_at(1);
    let size = size.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
    if length != [65] || !is_point(sender) {
        return Err(Refusal::body("keyid is not the sender's public key"));
    }
    if size < 18 || record.len() > size {
        return Err(Refusal::body("more than one record, or a record too small"));
    }
    if record.len() < LEAST_RECORD {
        return Err(Refusal::body("the record is cut short"));
    }
    Ok(Frame {
        salt,
        sender,
        record,
    })
}
