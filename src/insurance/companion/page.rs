//! The page `/r/claims`: the companion for an old phone, without script, and for paper.
//!
//! A form asks for the code and posts it; nothing is kept, on the phone or in an address. There is no session that
//! somebody else's page could use, so there is nothing to forge. What comes back holds no code: the other language and
//! the next page are asked for by `privacy::again`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::Look;
use super::html::Paper;
use super::view::OwnClaims;
use crate::error::{AppError, AppResult, Code};
use crate::http::auth::address_of;
use crate::http::guarded::guarded;
use crate::http::house::RequestId;
use crate::http::limits::Caller;
use crate::http::problem::wants_chinese;
use crate::http::text::ReceiptCode;
use crate::privacy::{again, receipts};
use crate::state::App;

const STYLE: &str = include_str!("page/claims.css");

/// No script at all; the form goes here, and the page is in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// A form holds a code and a few words.
const LONGEST: usize = 4096;

/// What the page may be asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    lang: String,
    code: String,
    /// From a page that was shown before.
    again: String,
    /// The first claim to show.
    from: usize,
}

impl Asked {
    /// A page that was shown before asks for the rest of it.
    fn look(&self) -> Look {
        match self.again.is_empty() {
            true => Look::First,
            false => Look::Again,
        }
    }
    /// The language that was touched, or else the one that the browser asks for.
    fn zh(&self, req: &HttpRequest) -> bool {
        match self.lang.as_str() {
            "en" => false,
            "zh-CN" => true,
            _ => {
                !req.headers().contains_key(header::ACCEPT_LANGUAGE) || wants_chinese(req.headers())
            }
        }
    }
}

fn head(zh: bool) -> Paper {
    let mut paper = Paper::new(zh);
    let title = paper.pick("我的理赔", "My claims");
    let language = paper.pick("zh-CN", "en");
    paper.raw(&format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex, nofollow\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"claims.css\">\n\
         </head>\n<body>\n"
    ));
    paper
}

fn answer(mut paper: Paper, status: StatusCode) -> HttpResponse {
    paper.raw("</body>\n</html>\n");
    let language = paper.pick("zh-CN", "en");
    let mut answer = guarded(POLICY, "text/html; charset=utf-8", paper.finish());
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_LANGUAGE,
        header::HeaderValue::from_static(language),
    );
    answer.headers_mut().insert(
        header::VARY,
        header::HeaderValue::from_static("Accept-Language"),
    );
    answer
}

/// The form, and what was wrong with the last one.
fn asking(zh: bool, wrong: Option<&str>, status: StatusCode) -> HttpResponse {
    let mut paper = head(zh);
    let title = paper.pick("我的理赔", "My claims");
    paper.tag("h1", "", title);
    paper.raw(match zh {
        true => "<p class=\"screen\"><a id=\"language\" href=\"claims?lang=en\" lang=\"en\">English</a></p>\n",
        false => {
            "<p class=\"screen\"><a id=\"language\" href=\"claims?lang=zh-CN\" lang=\"zh-CN\">中文</a></p>\n"
        }
    });
    if let Some(wrong) = wrong {
        paper.raw("<div id=\"wrong\">");
        paper.tag("p", "wrong", wrong);
        paper.raw("</div>\n");
    }
    let intro = paper.pick(
        "这里可以看到您的理赔办到哪一步、还缺什么材料、还剩几天，以及不同意时怎么办。",
        "Here you see how your claims stand, which papers are missing, how many days are left, and what to do if you do not agree.",
    );
    paper.tag("p", "", intro);
    let language = paper.pick("zh-CN", "en");
    let label = paper.pick("请输入回执上的编码", "Type the code on your receipt");
    let hint = paper.pick(
        "编码印在二维码下面，共 28 位，横线可以不输。",
        "It is printed under the square picture: 28 letters and digits. You may leave out the hyphens.",
    );
    let open = paper.pick("查看", "Show");
    paper.raw(&format!(
        "<form method=\"post\" action=\"claims\" accept-charset=\"utf-8\" autocomplete=\"off\">\n\
         <input type=\"hidden\" name=\"lang\" value=\"{language}\">\n<label for=\"code\">{label}</label>\n\
         <p class=\"hint\">{hint}</p>\n\
         <input type=\"text\" name=\"code\" id=\"code\" maxlength=\"60\" autocomplete=\"off\" autocorrect=\"off\" \
         autocapitalize=\"characters\" spellcheck=\"false\">\n\
         <input type=\"submit\" class=\"strong\" id=\"open\" value=\"{open}\">\n</form>\n"
    ));
    foot(&mut paper);
    answer(paper, status)
}

/// Where else to look.
fn foot(paper: &mut Paper) {
    let record = paper.pick(
        "我的记录（我们保存了哪些信息、谁看过）",
        "My record: what we hold, and who looked",
    );
    paper.raw("<p class=\"screen\"><a id=\"record\" href=\"../r\">");
    paper.text(record);
    paper.raw("</a></p>\n");
}

/// A button that asks for the same claims once more.
fn asks_again(paper: &mut Paper, token: &str, id: &str, (lang, from): (&str, usize), said: &str) {
    paper.raw(&format!(
        "<form method=\"post\" action=\"claims\" class=\"screen\"><input type=\"hidden\" name=\"again\" value=\"{token}\">\
         <input type=\"hidden\" name=\"lang\" value=\"{lang}\"><input type=\"hidden\" name=\"from\" value=\"{from}\">\
         <input type=\"submit\" id=\"{id}\" value=\"{said}\"></form>\n"
    ));
}

fn showing(zh: bool, told: &OwnClaims, from: usize, token: &str) -> HttpResponse {
    let mut paper = head(zh);
    paper.raw("<div class=\"screen\">\n");
    let title = paper.pick("我的理赔", "My claims");
    paper.tag("h1", "", title);
    let (lang, other, said) = languages(zh);
    asks_again(&mut paper, token, "language", (other, from), said);
    let intro = paper.pick(
        "由保险公司决定赔不赔；这里只如实告诉您办到哪一步。可以打印，每份理赔一张纸。看完请关闭本页。",
        "The insurer decides; this only tells you how things stand. It prints, a sheet for each claim. Close the page when you are done.",
    );
    paper.tag("p", "hint", intro);
    paper.raw("</div>\n");
    let next = paper.claims(told, from);
    if let Some(next) = next {
        let more = paper.pick("下一页", "More claims");
        asks_again(&mut paper, token, "more", (lang, next), more);
    }
    foot(&mut paper);
    answer(paper, StatusCode::OK)
}

/// This page's language and the other one as the form has them, and what the other one calls itself.
fn languages(zh: bool) -> (&'static str, &'static str, &'static str) {
    match zh {
        true => ("zh-CN", "en", "English"),
        false => ("en", "zh-CN", "中文"),
    }
}

pub async fn style() -> HttpResponse {
    guarded(POLICY, "text/css; charset=utf-8", STYLE.to_owned())
}

pub async fn form(req: HttpRequest) -> HttpResponse {
    let asked: Asked = serde_html_form::from_str(req.query_string()).unwrap_or_default();
    asking(asked.zh(&req), None, StatusCode::OK)
}

/// The claims, or the form with what went wrong. What is our own fault stays a problem for the log.
pub async fn shown(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: web::Bytes,
) -> AppResult<HttpResponse> {
    let form = body.get(..LONGEST.min(body.len())).unwrap_or_default();
    let asked: Asked = serde_html_form::from_bytes(form).unwrap_or_default();
    let zh = asked.zh(&req);
    let standing = app
        .public_limiter
        .take(Caller::Address(address_of(&app, &req)));
    let hash = match standing.allowed {
        true => hash_of(&app, &asked),
        false => Err(AppError::later(Code::RateLimited, standing.reset)),
    };
    let told = match hash {
        Ok(hash) => super::read(&app, &req, id, hash.clone(), asked.look())
            .await
            .map(|told| (told, hash)),
        Err(e) => Err(e),
    };
    match told {
        Ok((told, hash)) => {
            let token = again::made(&app.vault, &hash, app.clock.now())?;
            Ok(showing(zh, &told, asked.from.min(told.items.len()), &token))
        }
        Err(AppError::Problem(problem)) => {
            let (status, said) = refused(problem.code, !asked.again.is_empty());
            let mut answer = asking(zh, Some(said.in_chinese(zh)), status);
            if let Some(seconds) = problem.retry_after {
                let headers = answer.headers_mut();
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            }
            Ok(answer)
        }
        Err(ours) => Err(ours),
    }
}

/// The hash of the code that was typed, or of the one that opened the page before.
fn hash_of(app: &App, asked: &Asked) -> AppResult<Vec<u8>> {
    let gone = || AppError::of(Code::ValidationFailed);
    if !asked.again.is_empty() {
        return again::opened(&app.vault, &asked.again, app.clock.now()).ok_or_else(gone);
    }
    let typed: String = asked
        .code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let code = ReceiptCode::parse(typed.to_ascii_uppercase()).map_err(|_| gone())?;
    Ok(receipts::hash(&app.vault, code.as_str()))
}

/// A refusal as the person is told of it, and its status.
fn refused(code: Code, was_again: bool) -> (StatusCode, super::says::PlainWords) {
    use super::says::words;
    match code {
        Code::RateLimited => (
            StatusCode::TOO_MANY_REQUESTS,
            words(
                "尝试次数太多，请过一会儿再试。",
                "Too many tries. Wait a little, then try again.",
            ),
        ),
        Code::ValidationFailed if was_again => (
            StatusCode::UNPROCESSABLE_ENTITY,
            words(
                "为了安全，本页已经过期，请重新输入编码。",
                "For your safety the page has run out. Type the code once more.",
            ),
        ),
        Code::ValidationFailed => (
            StatusCode::UNPROCESSABLE_ENTITY,
            words(
                "编码没有输完整：共 28 位字母和数字。",
                "The code is not whole: it has 28 letters and digits.",
            ),
        ),
        Code::Overloaded => (
            StatusCode::SERVICE_UNAVAILABLE,
            words(
                "现在太忙，请过一会儿再试。",
                "Too busy now. Try again in a little while.",
            ),
        ),
        // Not 401: a browser would ask for a password that nobody has.
        _ => (
            StatusCode::FORBIDDEN,
            words(
                "这个编码打不开记录：可能输错了、过期了或已经作废。请核对，或请社区工作人员重新给您一个。",
                "This code opens nothing: it may be mistyped, too old or ended. Check it, or ask your worker for a new one.",
            ),
        ),
    }
}
