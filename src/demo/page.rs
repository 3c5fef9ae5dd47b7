//! The demo's page of pushes in a browser: it binds the browser as a member's phone, subscribes it, and shows what
//! comes.
//!
//! Where browsers' push services are not reached (they stand abroad), the page is its own browser: it subscribes at
//! the local gateway with keys of its own, fetches what arrived there, still encrypted, and decrypts it. Only `demo`
//! serves this: it knows the demo's password.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

use super::cast::{PASSWORD, STAFF};
use crate::auth::policy::Role;
use crate::error::{AppError, AppResult, Code};
use crate::http::guarded::guarded;
use crate::http::problem::wants_chinese;

const PAGE: &str = include_str!("page/push.html");
const STYLE: &str = include_str!("page/push.css");
const SCRIPT: &str = include_str!("page/push.js");
/// It stands beside the page, so that the page is in its reach.
const WORKER: &str = include_str!("page/worker.js");

const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where the demo's gateway is, and how it is asked.
pub struct Gateway {
    url: String,
    http: reqwest::Client,
}

/// The page's routes, over the gateway at this address.
pub fn routes(
    gateway: String,
) -> Result<impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static, String> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .no_proxy()
        .build()
        .map_err(|e| format!("the demo's page: {e}"))?;
    let gateway = web::Data::new(Gateway { url: gateway, http });
    Ok(move |config: &mut web::ServiceConfig| {
        config
            .app_data(gateway.clone())
            .route("/demo/push", web::get().to(page))
            .route("/demo/push.css", web::get().to(style))
            .route("/demo/push.js", web::get().to(script))
            .route("/demo/worker.js", web::get().to(worker))
            .route("/demo/push/subscriptions", web::post().to(subscribe))
            .route("/demo/push/arrived", web::get().to(arrived));
    })
}

async fn page(req: HttpRequest) -> HttpResponse {
    let language = match wants_chinese(req.headers()) {
        true => "zh-CN",
        false => "en",
    };
    let body = PAGE
        .replace("{language}", language)
        .replace("{cast}", &cast().replace('"', "&quot;"));
    let mut answer = guarded(POLICY, "text/html; charset=utf-8", body);
    answer.headers_mut().insert(
        header::VARY,
        header::HeaderValue::from_static("Accept-Language"),
    );
    answer
}

/// The members whose phone the browser may be, each with the coordinator who makes the code.
fn cast() -> String {
    let of = |role: Role| STAFF.iter().filter(move |s| s.2 == role);
    let members: Vec<Value> = of(Role::FieldMember)
        .filter_map(|(login, name, _, area)| {
            let coordinator = of(Role::Coordinator).find(|c| area.starts_with(c.3))?;
            Some(json!({ "login": login, "name": name, "coordinator": coordinator.0 }))
        })
        .collect();
    json!({ "password": PASSWORD, "members": members }).to_string()
}

async fn style() -> HttpResponse {
    guarded(POLICY, "text/css; charset=utf-8", STYLE.to_owned())
}

async fn script() -> HttpResponse {
    guarded(POLICY, "text/javascript; charset=utf-8", SCRIPT.to_owned())
}

async fn worker() -> HttpResponse {
    guarded(POLICY, "text/javascript; charset=utf-8", WORKER.to_owned())
}

/// A subscription at the gateway for the keys that the page made.
async fn subscribe(gateway: web::Data<Gateway>, body: web::Bytes) -> AppResult<HttpResponse> {
    let request = gateway
        .http
        .post(format!("{}/control/subscriptions", gateway.url))
        .header(header::CONTENT_TYPE.as_str(), "application/json")
        .body(body);
    let answer = request.send().await.map_err(|_| away())?;
    if !answer.status().is_success() {
        return Err(AppError::of(Code::ValidationFailed));
    }
    let made: Value = answer.json().await.map_err(|_| away())?;
    Ok(HttpResponse::Created().json(made))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    since: u64,
}

/// What came for browsers since then, as it went over the wire.
async fn arrived(gateway: web::Data<Gateway>, since: web::Query<Since>) -> AppResult<HttpResponse> {
    let url = format!("{}/received?limit=200&since={}", gateway.url, since.since);
    let answer = gateway.http.get(url).send().await.map_err(|_| away())?;
    let found: Value = answer.json().await.map_err(|_| away())?;
    let items = found["items"].as_array().into_iter().flatten();
    let items: Vec<Value> = items
        .filter(|item| item["provider"] == "web_push")
        .map(|item| json!({ "subscription": item["token"], "body": item["raw"]["body"] }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next_since": found["next_since"] })))
}

/// The gateway stands in the same process; it answers, or all of it is busy.
fn away() -> AppError {
    AppError::later(Code::Overloaded, 1)
}
