//! The page for whoever comes back from WeCom: one question, or how it went. No script, and nothing of anybody
//! else's.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use crate::error::Problem;
use crate::http::guarded::guarded;
use crate::http::html::escaped;
use crate::http::problem::Whole;

const PAGE: &str = include_str!("page/binding.html");
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page says.
pub(super) enum Shown {
    /// Whether the account is to be bound to this user.
    Question {
        name: String,
        login: String,
        code: String,
        state: String,
        confirm: String,
    },
    Bound,
}

fn page(zh: bool, title: &str, body: &str) -> HttpResponse {
    let language = if zh { "zh-CN" } else { "en" };
    let html = PAGE
        .replace("{language}", language)
        .replace("{title}", title)
        .replace("{body}", body);
    let mut answer = guarded(POLICY, "text/html; charset=utf-8", html);
    answer.headers_mut().insert(
        header::VARY,
        header::HeaderValue::from_static("Accept-Language, Accept"),
    );
    answer
}

pub(super) fn answer(shown: &Shown, zh: bool) -> HttpResponse {
    match shown {
        Shown::Bound if zh => page(
            zh,
            "已绑定",
            "<p>此后的通知会发到您的企业微信。可以关闭此页。</p><p class=\"hint\">如需解除，请在应用的“通知渠道”中操作。</p>",
        ),
        Shown::Bound => page(
            zh,
            "Bound",
            "<p>From now on notices come to your WeCom. You may close this page.</p>\
             <p class=\"hint\">To end it, look for the channels in the app.</p>",
        ),
        Shown::Question {
            name,
            login,
            code,
            state,
            confirm,
        } => {
            let (name, login) = (escaped(name), escaped(login));
            let (title, asks, warns, button) = match zh {
                true => (
                    "绑定企业微信？",
                    format!("将您的企业微信绑定到牵手账号 <strong>{name}</strong>（{login}）。"),
                    "若这不是您的账号，请关闭此页：绑定后，该账号的通知会发到您的企业微信。",
                    "确认绑定",
                ),
                false => (
                    "Bind your WeCom?",
                    format!(
                        "Your WeCom is to be bound to the Qianshou account of <strong>{name}</strong> ({login})."
                    ),
                    "If that is not you, close this page: the notices of that account would come to your WeCom.",
                    "Bind it",
                ),
            };
            let hidden: String = [("code", code), ("state", state), ("confirm", confirm)]
                .into_iter()
                .map(|(name, value)| {
                    let value = escaped(value);
                    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
                })
                .collect();
            let body = format!(
                "<p>{asks}</p><p class=\"hint\">{warns}</p>\
                 <form method=\"get\">{hidden}<button class=\"strong\" type=\"submit\">{button}</button></form>"
            );
            page(zh, title, &body)
        }
    }
}

/// A problem as a page, with its status.
pub(super) fn refusal(problem: &Problem, zh: bool) -> HttpResponse {
    let code = problem.code;
    let body = format!(
        "<p>{}</p><p class=\"hint\">{}</p>",
        escaped(code.detail(zh)),
        code.as_str()
    );
    let mut answer = page(zh, code.title(zh), &body);
    *answer.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    if let Some(seconds) = problem.retry_after {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    answer.extensions_mut().insert(Whole);
    answer
}
