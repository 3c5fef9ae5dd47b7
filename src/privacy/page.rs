//! The page that a receipt opens, for somebody with an old phone and no account.
//!
//! One page, one style sheet, one small script, all in the binary; nothing of anybody else's is loaded and nothing is
//! kept on the phone. The code stands behind the `#`, which no browser sends; the script takes it from the address at
//! once and sends it in bodies alone.

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::problem::wants_chinese;

const PAGE: &str = include_str!("page/receipt.html");
const STYLE: &str = include_str!("page/receipt.css");
const SCRIPT: &str = include_str!("page/receipt.js");

/// Only what comes from here may run, show or be asked; the page is in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn guarded(media: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .insert_header((
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .body(body)
}

/// In the language that the browser asks for; the other is one touch away.
pub async fn page(req: HttpRequest) -> HttpResponse {
    let language = match wants_chinese(req.headers()) {
        true => "zh-CN",
        false => "en",
    };
    let mut answer = guarded(
        "text/html; charset=utf-8",
        PAGE.replace("{language}", language),
    );
    answer.headers_mut().insert(
        header::VARY,
        header::HeaderValue::from_static("Accept-Language"),
    );
    answer
}

pub async fn style() -> HttpResponse {
    guarded("text/css; charset=utf-8", STYLE.to_owned())
}

pub async fn script() -> HttpResponse {
    guarded("text/javascript; charset=utf-8", SCRIPT.to_owned())
}
