//! Reading what callers send: `Body<T>` and `Params<T>` refuse with a pointer at each fault.

use actix_web::dev::{Decompress, Payload};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::error::{AppError, AppResult, Code, Fault, FieldError};

/// The largest body any JSON operation takes, after decompression.
pub const MAX_BODY: usize = 256 * 1024;

/// A JSON body, parsed and validated, with the bytes it came from (idempotency compares them).
pub struct Body<T> {
    pub value: T,
    pub raw: Vec<u8>,
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, Result<Self, AppError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            check_media_type(&req)?;
            let raw = read(&req, payload).await?;
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

/// Collects a body, decompressed on the way, and stops at the limit whatever was declared.
async fn read(req: &HttpRequest, payload: Payload) -> AppResult<Vec<u8>> {
    let mut stream = Decompress::from_headers(payload, req.headers());
    let mut raw = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| AppError::of(Code::MalformedJson))?;
        if raw.len() + chunk.len() > MAX_BODY {
            return Err(AppError::of(Code::PayloadTooLarge));
        }
        raw.extend_from_slice(&chunk);
    }
    Ok(raw)
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
    serde_html_form::from_str::<T>(text).map_err(|e| {
        let message = e.to_string();
        let mut problem = crate::error::Problem::new(Code::MalformedQuery);
        let fault = classify(&message);
        let name = named_field(&message, fault).unwrap_or_default();
        problem
            .errors
            .push(FieldError::new(format!("/{name}"), fault));
        AppError::Problem(Box::new(problem))
    })
}
