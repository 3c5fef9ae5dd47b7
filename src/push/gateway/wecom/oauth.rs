//! Stands in for the page on which members of WeCom say who they are. The real one asks nobody: who opens it in
//! WeCom is who they are. This one asks, since there is no WeCom here.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::super::state::Shared;
use super::check::is_userid;

pub(super) const AUTHORIZE: &str = "/connect/oauth2/authorize";
pub(super) const APPROVE: &str = "/connect/oauth2/approve";

/// Whom the page offers to be.
const MEMBERS: [(&str, &str); 3] = [
    ("zhang.hui", "张会"),
    ("li.ming", "李明"),
    ("wang.fang", "王芳"),
];
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What WeCom asks of the address.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    appid: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
    agentid: u32,
}

impl Asked {
    /// What is wrong with it, if anything.
    fn wrong(&self, shared: &Shared) -> Option<&'static str> {
        let good_state =
            |s: &str| (1..=128).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let web =
            self.redirect_uri.starts_with("https://") || self.redirect_uri.starts_with("http://");
        match self {
            _ if shared.wecom.app(&self.appid, self.agentid).is_none() => {
                Some("there is no app of this appid and agentid")
            }
            _ if !web || reqwest::Url::parse(&self.redirect_uri).is_err() => {
                Some("redirect_uri is no address")
            }
            _ if self.response_type != "code" => Some("response_type is not code"),
            _ if self.scope != "snsapi_base" => Some("scope is not snsapi_base"),
            _ if !good_state(&self.state) => Some("state is not 1 to 128 letters and digits"),
            _ => None,
        }
    }
}

/// A member, or `outside`.
#[derive(Debug, Deserialize)]
pub(super) struct As {
    #[serde(rename = "as")]
    who: String,
}

fn refused(what: &str) -> HttpResponse {
    HttpResponse::BadRequest()
        .content_type("text/plain; charset=utf-8")
        .body(format!("WeCom would not open this: {what}"))
}

fn read(shared: &Shared, query: &str) -> Result<Asked, &'static str> {
    let asked: Asked = serde_html_form::from_str(query)
        .map_err(|_| "a parameter is missing, unknown or malformed")?;
    match asked.wrong(shared) {
        Some(what) => Err(what),
        None => Ok(asked),
    }
}

/// The page.
pub(super) async fn authorize(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let asked = match read(&shared, request.query_string()) {
        Ok(asked) => asked,
        Err(what) => return refused(what),
    };
    let Ok(query) = serde_html_form::to_string(&asked) else {
        return refused("its parameters");
    };
    let query = query.replace('&', "&amp;");
    let link = |who: &str, name: &str| {
        format!("<li><a href=\"{APPROVE}?as={who}&amp;{query}\">{name} <code>{who}</code></a></li>")
    };
    let mut people: String = MEMBERS.iter().map(|(id, name)| link(id, name)).collect();
    people.push_str(&link("outside", "企业外部的人 · Somebody from outside"));
    let html = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>企业微信 · WeCom</title>\
         <link rel=\"stylesheet\" href=\"/page.css\">\
         <h1>企业微信（本机替身）· WeCom's stand-in</h1>\
         <p>真正的企业微信知道是谁在扫码；这里请您选择。· The real one knows who scans; choose here.</p><ul>{people}</ul>"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(html)
}

/// Sends somebody back as who they chose to be.
pub(super) async fn approve(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let (first, rest) = request.query_string().split_once('&').unwrap_or_default();
    let Ok(As { who }) = serde_html_form::from_str(first) else {
        return refused("nobody was chosen");
    };
    let asked = match read(&shared, rest) {
        Ok(asked) => asked,
        Err(what) => return refused(what),
    };
    let member = Some(who.as_str()).filter(|who| *who != "outside");
    if member.is_some_and(|m| !is_userid(m)) {
        return refused("that is no member");
    }
    let Ok(mut back) = reqwest::Url::parse(&asked.redirect_uri) else {
        return refused("redirect_uri is no address");
    };
    back.query_pairs_mut()
        .append_pair("code", &shared.wecom.code(&asked.appid, member))
        .append_pair("state", &asked.state);
    HttpResponse::Found()
        .insert_header((header::LOCATION, back.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
