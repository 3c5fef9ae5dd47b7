//! The page that a receipt opens, for somebody with an old phone and no account.
//!
//! One page, one style sheet, one small script, all in the binary; nothing of anybody else's is loaded and nothing is
//! kept on the phone. The code stands behind the `#`, which no browser sends; the script takes it from the address at
//! once and sends it in bodies alone.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::http::guarded::guarded;
use crate::http::problem::wants_chinese;

const PAGE: &str = include_str!("page/receipt.html");
const STYLE: &str = include_str!("page/receipt.css");
const SCRIPT: &str = include_str!("page/receipt.js");

/// Only what comes from here may run, show or be asked; the page is in nobody's frame. Its one form goes to the page
/// of claims, which needs no script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

fn page_of(media: &'static str, body: String) -> HttpResponse {
    guarded(POLICY, media, body)
}

/// In the language that the browser asks for; the other is one touch away.
pub async fn page(req: HttpRequest) -> HttpResponse {
    let language = match wants_chinese(req.headers()) {
        true => "zh-CN",
        false => "en",
    };
    let mut answer = page_of(
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
    page_of("text/css; charset=utf-8", STYLE.to_owned())
}

pub async fn script() -> HttpResponse {
    page_of("text/javascript; charset=utf-8", SCRIPT.to_owned())
}
