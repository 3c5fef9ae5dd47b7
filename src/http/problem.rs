//! RFC 9457 answers: the only place where a refusal becomes text.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::Micros;
use crate::error::{AppError, Code, Fault, Problem};

/// A refusal. `code` is stable and has a page at `type`; texts are zh-CN or en by `Accept-Language`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where this kind of problem is explained.
    #[schema(
        format = "uri-reference",
        max_length = 200,
        example = "/problems/validation_failed"
    )]
    pub r#type: String,
    /// The problem in a few words.
    #[schema(
        max_length = 200,
        pattern = r"^[^\u0000]+$",
        example = "Content not valid"
    )]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: i32,
    /// What to do next.
    #[schema(
        max_length = 500,
        pattern = r"^[^\u0000]+$",
        example = "One or more fields are at fault; see errors."
    )]
    pub detail: &'static str,
    /// The request's id, to tell an operator.
    #[schema(
        format = "uri-reference",
        max_length = 200,
        example = "urn:request:019a8c5e7c007000"
    )]
    pub instance: String,
    /// The stable word for this kind of problem.
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "validation_failed")]
    pub code: &'static str,
    /// Each fault in what was sent.
    #[schema(max_items = 100)]
    pub errors: Vec<ProblemError>,
    /// For `state_forbids`: the state the record is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "reported")]
    pub state: Option<String>,
    /// For `state_forbids`: what may be done from that state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub allowed_actions: Option<Vec<AllowedAction>>,
    /// For `resync_required`: operations acknowledged after this may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_after: Option<Micros>,
    /// For `post_rule_broken`: the code of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 80, pattern = "^[a-z_]+$", example = "township_president")]
    pub rule: Option<String>,
}

/// An action that the record's state allows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(max_length = 60, pattern = "^[a-z_]+$", example = "acceptance")]
pub struct AllowedAction(String);

/// One fault.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// RFC 6901 pointer to the field at fault.
    #[schema(max_length = 300, pattern = r"^(/[^/\u0000]*)*$", example = "/phone")]
    pub pointer: String,
    /// The stable word for the fault.
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "bad_phone")]
    pub code: &'static str,
    /// The fault in words.
    #[schema(
        max_length = 500,
        pattern = r"^[^\u0000]+$",
        example = "A mainland mobile number has 11 digits, 13… to 19…."
    )]
    pub detail: &'static str,
    /// Where in a text it is: characters before the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100_000, example = 12)]
    pub position: Option<u32>,
}

/// Whether the caller would rather read Chinese: the first of zh and en named, English by default.
pub fn wants_chinese(headers: &header::HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
    else {
        return false;
    };
    let mut best = (false, 0.0f32);
    for part in value.split(',').take(20) {
        let mut pieces = part.trim().split(";q=");
        let tag = pieces.next().unwrap_or("").to_ascii_lowercase();
        let q: f32 = pieces.next().and_then(|q| q.parse().ok()).unwrap_or(1.0);
        let (zh, en) = (tag.starts_with("zh"), tag.starts_with("en") || tag == "*");
        if (zh || en) && q > best.1 {
            best = (zh, q);
        }
    }
    best.0
}

/// Whether a page is asked for, as browsers do.
pub fn wants_page(headers: &header::HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Marks an answer that says its refusal itself, as a page: it is not made a problem.
pub struct Whole;

/// A refusal in words.
pub fn body(problem: &Problem, zh: bool, request_id: &str) -> ProblemBody {
    let code = problem.code;
    let (state, allowed) = problem.state.clone().unzip();
    ProblemBody {
        r#type: format!("/problems/{}", code.as_str()),
        title: code.title(zh),
        status: i32::from(code.status()),
        detail: code.detail(zh),
        instance: format!("urn:request:{request_id}"),
        code: code.as_str(),
        errors: problem
            .errors
            .iter()
            .take(100)
            .map(|e| ProblemError {
                pointer: e.pointer.clone(),
                code: e.fault.as_str(),
                detail: e.fault.detail(zh),
                position: e.position,
            })
            .collect(),
        state,
        allowed_actions: allowed.map(|a| a.into_iter().map(AllowedAction).collect()),
        acknowledged_after: problem.acknowledged_after,
        rule: problem.rule.clone(),
    }
}

pub fn render(e: &AppError, zh: bool, request_id: &str) -> HttpResponse {
    let fallback;
    let problem: &Problem = match e {
        AppError::Problem(p) => p,
        _ => {
            fallback = Problem::new(Code::Internal);
            &fallback
        }
    };
    let code = problem.code;
    let body = body(problem, zh, request_id);
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status).json(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(if zh { "zh-CN" } else { "en" }),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem
        .retry_after
        .or(matches!(code.status(), 429 | 503).then_some(1))
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code.status() == 401 {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(allow) = problem
        .allow
        .as_deref()
        .and_then(|a| HeaderValue::from_str(a).ok())
    {
        headers.insert(header::ALLOW, allow);
    }
    response
}

/// The page of one code: what it means and what to do, in both languages.
pub async fn page(req: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, AppError> {
    let zh = wants_chinese(req.headers());
    let (word, status, texts) = if let Some(c) = Code::parse(&code) {
        (
            c.as_str(),
            c.status(),
            [
                (c.title(false), c.detail(false)),
                (c.title(true), c.detail(true)),
            ],
        )
    } else if let Some(f) = Fault::parse(&code) {
        (
            f.as_str(),
            f.status(),
            [
                (f.title(false), f.detail(false)),
                (f.title(true), f.detail(true)),
            ],
        )
    } else {
        return Err(AppError::not_found());
    };
    let lang = if zh { "zh-CN" } else { "en" };
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{word}</title><style>body{{font:17px/1.6 system-ui;max-width:40em;margin:2em auto;padding:0 1em}}\
         code{{font-size:1.2em}}</style><h1><code>{word}</code> · {status}</h1>\
         <h2 lang=\"en\">{}</h2><p lang=\"en\">{}</p><h2 lang=\"zh-CN\">{}</h2><p lang=\"zh-CN\">{}</p>",
        texts[0].0, texts[0].1, texts[1].0, texts[1].1
    );
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(html))
}
