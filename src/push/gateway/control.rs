//! What is not a provider: the faults, what arrived, and the page.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::faults::FaultRule;
use super::fcm::Refusal;
use super::received::{Query, Which};
use super::state::Shared;

const CSP: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The largest body of any request: more than any provider takes.
const MAX_BODY: usize = 64 * 1024;
const MAX_WAIT_S: u64 = 30;
/// A live stream speaks at least and at most so often.
const STREAM_IDLE: Duration = Duration::from_secs(10);
const STREAM_PAUSE: Duration = Duration::from_millis(120);
/// Items of one event; in a flood the older ones are left out.
const STREAM_ITEMS: usize = 100;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .app_data(web::JsonConfig::default().limit(MAX_BODY))
        .app_data(web::FormConfig::default().limit(MAX_BODY))
        .route("/", web::get().to(page))
        .route("/page.css", web::get().to(style))
        .route("/page.js", web::get().to(script))
        .service(
            web::resource("/control/faults")
                .route(web::get().to(list_faults))
                .route(web::post().to(add_faults))
                .route(web::delete().to(clear_faults)),
        )
        .route("/control/tokens", web::delete().to(revoke_tokens))
        .service(
            web::resource("/received")
                .route(web::get().to(list_received))
                .route(web::delete().to(clear_received)),
        )
        .route("/received/stream", web::get().to(stream_received))
        .route("/stats", web::get().to(stats));
}

/// Google answers so whatever it does not know.
pub(super) async fn not_found() -> HttpResponse {
    Refusal::no_such_path().response()
}

fn asset(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header(("Cache-Control", "no-cache"))
        .insert_header(("Content-Security-Policy", CSP))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .body(text)
}

async fn page() -> HttpResponse {
    asset("text/html; charset=utf-8", include_str!("page/index.html"))
}

async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", include_str!("page/page.css"))
}

async fn script() -> HttpResponse {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    )
}

fn problem(detail: impl std::fmt::Display) -> HttpResponse {
    HttpResponse::build(StatusCode::BAD_REQUEST)
        .content_type("application/problem+json")
        .body(
            json!({ "title": "Bad request", "status": 400, "detail": detail.to_string() })
                .to_string(),
        )
}

fn fresh(value: Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(value)
}

async fn list_faults(shared: web::Data<Shared>) -> HttpResponse {
    fresh(json!({ "items": shared.faults.list() }))
}

async fn add_faults(
    shared: web::Data<Shared>,
    rules: Result<web::Json<Vec<FaultRule>>, actix_web::Error>,
) -> HttpResponse {
    match rules {
        Err(error) => problem(error),
        Ok(rules) => match shared.faults.add(rules.into_inner()) {
            Err(invalid) => problem(invalid),
            Ok(()) => fresh(json!({ "items": shared.faults.list() })),
        },
    }
}

async fn clear_faults(shared: web::Data<Shared>) -> HttpResponse {
    shared.faults.clear();
    HttpResponse::NoContent().finish()
}

async fn revoke_tokens(shared: web::Data<Shared>) -> HttpResponse {
    shared.fcm.revoke_tokens();
    shared.wecom.revoke_tokens();
    HttpResponse::NoContent().finish()
}

async fn stats(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(shared.stats())
}

async fn clear_received(shared: web::Data<Shared>) -> HttpResponse {
    shared.received.clear();
    HttpResponse::NoContent().finish()
}

async fn list_received(
    shared: web::Data<Shared>,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> HttpResponse {
    let query = match query {
        Ok(query) => query.into_inner(),
        Err(error) => return problem(error),
    };
    let wait = Duration::from_secs(query.wait_s.unwrap_or(0).min(MAX_WAIT_S));
    let deadline = Instant::now() + wait;
    let mut changes = shared.received.changes();
    let page = loop {
        let page = shared.received.page(&query);
        if !page.records.is_empty() || Instant::now() >= deadline {
            break page;
        }
        tokio::select! {
            changed = timeout_at(deadline, changes.changed()) => match changed {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => break page,
            },
            () = shared.stopped() => break page,
        }
    };
    let items: Vec<Value> = page.records.iter().map(|r| r.to_json()).collect();
    fresh(json!({ "items": items, "next_since": page.next_since }))
}

/// Where a live stream stands.
struct Live {
    shared: web::Data<Shared>,
    changes: watch::Receiver<u64>,
    since: Option<u64>,
    begun: bool,
}

/// Server-sent events: `{items, stats}`, first with the latest items.
async fn stream_received(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let since = request
        .headers()
        .get("Last-Event-ID")
        .and_then(|v| v.to_str().ok()?.parse().ok());
    let live = Live {
        changes: shared.received.changes(),
        shared,
        since,
        begun: false,
    };
    let events = stream::unfold(live, |mut live| async move {
        if live.begun {
            let shared = live.shared.clone();
            let stopped = tokio::select! {
                () = shared.stopped() => true,
                () = live.next_change() => false,
            };
            if stopped {
                return None;
            }
        }
        live.begun = true;
        let event = live.event();
        Some((Ok::<_, actix_web::Error>(web::Bytes::from(event)), live))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(events)
}

impl Live {
    /// Waits for news, and gathers what comes right after them.
    async fn next_change(&mut self) {
        let idle = Instant::now() + STREAM_IDLE;
        // Without news the statistics are sent: they keep the stream alive.
        let _ = timeout_at(idle, self.changes.changed()).await;
        sleep(STREAM_PAUSE).await;
    }

    fn event(&mut self) -> String {
        self.changes.mark_unchanged();
        let page = self.shared.received.page(&Query {
            limit: Some(STREAM_ITEMS),
            which: Which::All,
            ..Query::default()
        });
        let since = self.since.unwrap_or(0);
        let items: Vec<Value> = page
            .records
            .iter()
            .filter(|r| r.seq() > since)
            .map(|r| r.to_json())
            .collect();
        self.since = Some(page.next_since);
        let data = json!({ "items": items, "stats": self.shared.stats() });
        format!("id: {}\ndata: {data}\n\n", page.next_since)
    }
}
