//! Reading what callers send: `Body<T>` and `Params<T>` refuse with a pointer at each fault.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::error::{AppError, AppResult, Code, Fault, FieldError};

/// The largest body a JSON operation takes, after decompression, where it does not say otherwise.
pub const MAX_BODY: usize = 256 * 1024;

/// A JSON body, parsed and validated, with the bytes it came from (idempotency compares them).
pub struct Body<T, const LIMIT: usize = MAX_BODY> {
    pub value: T,
    pub raw: Vec<u8>,
}

impl<T: DeserializeOwned + Validate + 'static, const LIMIT: usize> FromRequest for Body<T, LIMIT> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            check_media_type(&req)?;
            let raw = read(&req, payload, LIMIT).await?;
            let value = parse::<T>(&raw)?;
            Ok(Body { value, raw })
        })
    }
}

fn check_media_type(req: &HttpRequest) -> AppResult<()> {
    let given = req
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let essence = given
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let json = essence == "application/json" || essence == "application/merge-patch+json";
    let encoding = req
        .headers()
        .get(header::CONTENT_ENCODING)
        .map(|v| v.as_bytes());
    let coded = matches!(encoding, None | Some(b"gzip") | Some(b"identity"));
    if json && coded {
        Ok(())
    } else {
        Err(AppError::of(Code::UnsupportedMediaType))
    }
}

/// Collects a body as it was sent, and stops at the limit whatever was declared; then decompresses it.
///
/// Not with actix's `Decompress`: it decodes a whole chunk of input before it
/// yields, so that 60 KiB on the wire are 60 MB in memory before anybody counts.
async fn read(req: &HttpRequest, mut payload: Payload, limit: usize) -> AppResult<Vec<u8>> {
    let mut sent = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| AppError::of(Code::MalformedJson))?;
        if sent.len() + chunk.len() > limit {
            return Err(AppError::of(Code::PayloadTooLarge));
        }
        sent.extend_from_slice(&chunk);
    }
    let encoding = req.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|v| v.as_bytes() == b"gzip") {
        bounded(MultiGzDecoder::new(sent.as_slice()), limit)
    } else {
        Ok(sent)
    }
}

/// Reads to the end, or to the limit: past it neither a byte is decoded nor memory taken.
fn bounded(mut from: impl Read, limit: usize) -> AppResult<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let mut piece = [0u8; 8 * 1024];
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => return Ok(out),
            Ok(read) => read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(AppError::of(Code::MalformedJson)),
        };
        let wanted = out.len() + read;
        if wanted > limit {
            return Err(AppError::of(Code::PayloadTooLarge));
        }
        if wanted > out.capacity() {
            // Doubling, as a vector would do by itself, but never past the limit.
            let room = (wanted * 2).min(limit);
            out.reserve_exact(room - out.len());
        }
        out.extend_from_slice(&piece[..read]);
    }
}

/// A JSON object without these members; whatever else it is comes as it is.
pub fn without<'a>(raw: &'a [u8], members: &[&str]) -> Cow<'a, [u8]> {
    if members.is_empty() {
        return Cow::Borrowed(raw);
    }
    let Ok(mut object) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(raw) else {
        return Cow::Borrowed(raw);
    };
    members
        .iter()
        .for_each(|member| drop(object.remove(*member)));
    serde_json::to_vec(&object).map_or(Cow::Borrowed(raw), Cow::Owned)
}

/// Parses and validates JSON text.
pub fn parse<T: DeserializeOwned + Validate>(raw: &[u8]) -> AppResult<T> {
    // Serde would take an array for a struct, member by member.
    if raw.trim_ascii_start().first() == Some(&b'[') {
        return Err(match serde_json::from_slice::<serde::de::IgnoredAny>(raw) {
            Ok(_) => AppError::field("", Fault::WrongType),
            Err(_) => AppError::of(Code::MalformedJson),
        });
    }
    let mut json = serde_json::Deserializer::from_slice(raw);
    let value: T = serde_path_to_error::deserialize(&mut json).map_err(|e| refusal(&e))?;
    json.end().map_err(|_| AppError::of(Code::MalformedJson))?;
    value
        .validate()
        .map_err(|e| AppError::fields(faults(&e, "")))?;
    Ok(value)
}

fn refusal(e: &serde_path_to_error::Error<serde_json::Error>) -> AppError {
    use serde_json::error::Category;
    match e.inner().classify() {
        Category::Data => {}
        Category::Syntax | Category::Eof | Category::Io => {
            return AppError::of(Code::MalformedJson);
        }
    }
    let mut pointer = pointer_of(e.path());
    let message = e.inner().to_string();
    let fault = classify(&message);
    if let Some(name) = named_field(&message, fault) {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        // For an unknown field the path already ends with its name.
        if !pointer.ends_with(&format!("/{escaped}")) {
            pointer.push('/');
            pointer.push_str(&escaped);
        }
    }
    AppError::field(pointer, fault)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path.iter() {
        out.push('/');
        match segment {
            Segment::Seq { index } => out.push_str(&index.to_string()),
            Segment::Map { key } => out.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => out.push_str(variant),
            Segment::Unknown => out.push('?'),
        }
    }
    out
}

fn classify(message: &str) -> Fault {
    if let Some(rest) = message.strip_prefix("fault:") {
        let word = rest
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .next()
            .unwrap_or("");
        return Fault::parse(word).unwrap_or(Fault::NotFitting);
    }
    const BY_START: &[(&str, Fault)] = &[
        ("unknown field", Fault::Unknown),
        ("missing field", Fault::Required),
        ("duplicate field", Fault::Repeated),
        ("unknown variant", Fault::NotOneOf),
        ("invalid length", Fault::TooMany),
        ("UUID parsing failed", Fault::BadId),
        ("invalid value", Fault::OutOfRange),
        ("number out of range", Fault::OutOfRange),
    ];
    BY_START
        .iter()
        .find(|(start, _)| message.starts_with(start))
        .map_or(Fault::WrongType, |(_, fault)| *fault)
}

/// Serde reports these three at the parent and names the field in the message only.
fn named_field(message: &str, fault: Fault) -> Option<&str> {
    matches!(fault, Fault::Unknown | Fault::Required | Fault::Repeated)
        .then(|| message.split('`').nth(1))
        .flatten()
}

/// Validator's findings as our faults; its texts are left behind, since they echo values.
fn faults(errors: &ValidationErrors, at: &str) -> Vec<FieldError> {
    let mut out = Vec::new();
    for (field, kind) in errors.errors() {
        let here = if field == "__all__" {
            at.to_owned()
        } else {
            format!("{at}/{field}")
        };
        match kind {
            ValidationErrorsKind::Field(found) => {
                out.extend(found.iter().map(|f| {
                    // A check over several fields says where in its message.
                    let pointer = match &f.message {
                        Some(message) if message.starts_with('/') => format!("{at}{message}"),
                        _ => here.clone(),
                    };
                    FieldError::new(pointer, Fault::parse(&f.code).unwrap_or(Fault::NotFitting))
                }));
            }
            ValidationErrorsKind::Struct(inner) => out.extend(faults(inner, &here)),
            ValidationErrorsKind::List(items) => {
                items
                    .iter()
                    .for_each(|(i, inner)| out.extend(faults(inner, &format!("{here}/{i}"))));
            }
        }
    }
    out.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    out
}

/// For `#[validate(schema(function = …))]`: a fault at a pointer below the struct.
pub fn invalid(pointer: &'static str, fault: Fault) -> validator::ValidationError {
    let mut e = validator::ValidationError::new(fault.as_str());
    e.message = Some(pointer.into());
    e
}

/// A typed query string; unknown and repeated keys are refused.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = AppError;
    type Future = std::future::Ready<Result<Self, AppError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(query(req.query_string()).map(Params))
    }
}

fn query<T: DeserializeOwned>(text: &str) -> AppResult<T> {
    let typed = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    serde_path_to_error::deserialize::<_, T>(typed).map_err(|e| {
        let message = e.inner().to_string();
        let mut problem = crate::error::Problem::new(Code::MalformedQuery);
        let fault = classify(&message);
        let at = match e.path().iter().next() {
            Some(serde_path_to_error::Segment::Map { key }) => Some(key.clone()),
            _ => None,
        };
        let name = named_field(&message, fault)
            .map(str::to_owned)
            .or(at)
            .unwrap_or_default();
        let name = name.replace('~', "~0").replace('/', "~1");
        problem
            .errors
            .push(FieldError::new(format!("/{name}"), fault));
        AppError::Problem(Box::new(problem))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    const LIMIT: usize = 100_000;

    /// Blanks without end, and how many of them were asked for.
    struct Endless(usize);
    impl Read for &mut Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            into.fill(b' ');
            self.0 += into.len();
            Ok(into.len())
        }
    }

    #[test]
    fn nothing_is_decoded_past_the_limit() {
        let mut endless = Endless(0);
        let refused = bounded(&mut endless, LIMIT).unwrap_err();
        assert_eq!(refused.code(), Code::PayloadTooLarge);
        assert!(endless.0 <= LIMIT + 8 * 1024, "{} were decoded", endless.0);
    }

    #[test]
    fn no_memory_is_taken_past_the_limit() {
        for size in [0, 1, 8 * 1024, 50_001, LIMIT - 1, LIMIT] {
            let out = bounded(std::io::repeat(b' ').take(size as u64), LIMIT).unwrap();
            assert_eq!(out.len(), size);
            assert!(out.capacity() <= LIMIT, "{} for {size}", out.capacity());
        }
        assert!(bounded(std::io::repeat(b' ').take(LIMIT as u64 + 1), LIMIT).is_err());
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn gzip_is_read_in_all_its_members_and_not_half() {
        let whole = gzip(b"{\"a\":1}");
        let read = |sent: &[u8]| bounded(MultiGzDecoder::new(sent), LIMIT);
        assert_eq!(read(&whole).unwrap(), b"{\"a\":1}");
        let two = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
        assert_eq!(read(&two).unwrap(), b"{\"a\":1}");
        for broken in [&whole[..whole.len() - 1], &whole[..12], b"not gzip"] {
            assert_eq!(read(broken).unwrap_err().code(), Code::MalformedJson);
        }
    }
}
