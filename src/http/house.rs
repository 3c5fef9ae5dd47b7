//! The outermost middleware: request id, log line, metrics, and problems in the caller's language.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use std::sync::Arc;
use std::time::Instant;

use super::problem;
use crate::error::{AppError, Code, Problem};
use crate::state::App;

/// The id under which this request stands in logs, audit and problems.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

impl actix_web::FromRequest for RequestId {
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self, Self::Error>>;
    fn from_request(req: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let known = req.extensions().get::<RequestId>().cloned();
        std::future::ready(Ok(known.unwrap_or_else(|| RequestId("".into()))))
    }
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A caller's id is taken when it is short and plain; else one is made.
fn request_id(req: &ServiceRequest) -> RequestId {
    let given = req
        .headers()
        .get(&X_REQUEST_ID)
        .and_then(|v| v.to_str().ok());
    let plain = |t: &&str| {
        (8..=64).contains(&t.len())
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match given.filter(plain) {
        Some(text) => RequestId(text.into()),
        None => RequestId(uuid::Uuid::now_v7().simple().to_string().into()),
    }
}

/// A method as a label: whoever calls chooses its text, and each new text would be a series of its own.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|k| *k == method.as_str())
        .unwrap_or("OTHER")
}

/// `00-<trace>-<parent>-<flags>`: anything else is text of the caller's, which no log line takes.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |p: &&str| {
        p.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    parts.iter().map(|p| p.len()).eq([2, 32, 16, 2]) && parts.iter().all(hex)
}

pub async fn house<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let started = Instant::now();
    let id = request_id(&req);
    let zh = problem::wants_chinese(req.headers());
    let method = known_method(req.method());
    let traceparent = req
        .headers()
        .get("traceparent")
        .and_then(|v| v.to_str().ok())
        .filter(|t| is_traceparent(t))
        .map(str::to_owned);
    let app = req.app_data::<web::Data<App>>().cloned();
    req.extensions_mut().insert(id.clone());
    // No clone of the request may be held here: routing needs it alone.
    let response = next.call(req).await?.map_into_left_body();
    let mut response = as_problem(response, zh, &id.0);

    let status = response.status();
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // The route's pattern, never the path: a path may hold an id.
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unmatched".into());
    if let Some(app) = app {
        app.metrics
            .request(&route, method, status.as_u16(), started.elapsed());
    }
    let micros = started.elapsed().as_micros() as u64;
    match status.as_u16() {
        500..=599 => {
            tracing::warn!(request_id = %id.0, method, route, status = status.as_u16(), micros, traceparent, "answered")
        }
        _ => {
            tracing::info!(request_id = %id.0, method, route, status = status.as_u16(), micros, traceparent, "answered")
        }
    }
    Ok(response)
}

/// Turns any refusal, ours or the framework's, into a rendered problem.
fn as_problem<B: MessageBody>(
    response: ServiceResponse<EitherBody<B, BoxBody>>,
    zh: bool,
    id: &str,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let status = response.status().as_u16();
    if status < 400 {
        return response;
    }
    let rendered = match response
        .response()
        .error()
        .map(|e| e.as_error::<AppError>())
    {
        Some(Some(ours)) => {
            match ours {
                AppError::Db(cause) => {
                    tracing::error!(request_id = id, %cause, "the database failed")
                }
                AppError::Internal(cause) => tracing::error!(request_id = id, cause, "a bug"),
                AppError::Problem(_) => {}
            }
            problem::render(ours, zh, id)
        }
        _ if is_ours(&response) => return response,
        _ if response
            .response()
            .extensions()
            .contains::<problem::Whole>() =>
        {
            return response;
        }
        _ => problem::render(&framework(status), zh, id),
    };
    let mut rendered = rendered;
    // What limits said must outlive the change of body.
    for name in super::limits::HEADERS {
        let name = HeaderName::from_static(name);
        if let Some(value) = response.headers().get(&name) {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    response.into_response(rendered.map_into_right_body())
}

/// A problem that is rendered already, or a page for people that says itself what went wrong.
fn is_ours<B>(response: &ServiceResponse<B>) -> bool {
    let media = response.headers().get(header::CONTENT_TYPE);
    media.is_some_and(|v| {
        let media = v.as_bytes();
        media == b"application/problem+json" || media.starts_with(b"text/html")
    })
}

/// The nearest of our codes for a status the framework chose.
fn framework(status: u16) -> AppError {
    let code = match status {
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        406 => Code::NotAcceptable,
        413 => Code::PayloadTooLarge,
        415 => Code::UnsupportedMediaType,
        429 => Code::RateLimited,
        503 => Code::Overloaded,
        400..=499 => Code::MalformedHeader,
        _ => Code::Internal,
    };
    AppError::Problem(Box::new(Problem::new(code)))
}
