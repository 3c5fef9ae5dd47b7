//! `POST /v3/push` and `GET /v3/push/cid`.

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::cut::cut_connection;
use super::super::faults::{Endpoint, Fault, FaultKind, Verdict};
use super::super::record::{Entry, Outcome, Target};
use super::super::state::Shared;
use super::app::Rate;
use super::check::{self, Sending};
use super::code::{JPushCode, Refusal};

const PROVIDER: &str = "jpush";
const PUSH: &str = "/v3/push";
const CID: &str = "/v3/push/cid";
/// Ids of one call for an app that pays nothing.
const MAX_CIDS: usize = 10;

/// Numbers of messages, as long as JPush's.
static MESSAGES: AtomicU64 = AtomicU64::new(18_100_000_000_000_000);

/// Takes a push as JPush would, or fails as it was told to.
pub(super) async fn push(
    shared: web::Data<Shared>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let mut visit = Visit::new(&shared, PUSH, body.as_deref().unwrap_or_default());
    let sending = match admit(&mut visit, &request).and_then(|()| read(&visit, &request)) {
        Ok(sending) => sending,
        Err(refusal) => return visit.refuse(None, None, &refusal),
    };
    let verdict = shared.faults.decide(Endpoint::JPush, &sending.target);
    wait(&shared, &verdict).await;
    let slow = (!verdict.delay.is_zero()).then_some(FaultKind::Slow);
    match verdict.fault {
        None => visit.accept(sending, slow),
        Some(fault) => match fault.kind {
            FaultKind::LoseReply => visit.accept(sending, Some(fault.kind)),
            _ => visit.fail(Some(sending.target), fault),
        },
    }
}

/// A push by another method.
pub(super) async fn not_post() -> HttpResponse {
    Refusal::new(JPushCode::NotPost, "not POST").response()
}

/// The query of `GET /v3/push/cid`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CidQuery {
    count: Option<usize>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Gives out ids of calls.
pub(super) async fn cid(
    shared: web::Data<Shared>,
    request: HttpRequest,
    query: Result<web::Query<CidQuery>, actix_web::Error>,
) -> HttpResponse {
    let mut visit = Visit::new(&shared, CID, &[]);
    if let Err(refusal) = admit(&mut visit, &request) {
        return visit.refuse(None, None, &refusal);
    }
    let verdict = shared.faults.decide(Endpoint::JPushCid, "");
    wait(&shared, &verdict).await;
    if let Some(fault) = verdict.fault {
        return visit.fail(None, fault);
    }
    let asked = query
        .ok()
        .map(web::Query::into_inner)
        .filter(|q| q.count.is_none_or(|n| n > 0) && q.kind.as_deref().is_none_or(|k| k == "push"));
    let Some(asked) = asked else {
        let refusal = Refusal::new(JPushCode::Invalid, "count or type is not allowed");
        return visit.refuse(None, None, &refusal);
    };
    let count = asked.count.unwrap_or(1).min(MAX_CIDS);
    let given = shared.jpush.give(&visit.app_key, count);
    visit.rated(HttpResponse::Ok().json(json!({ "cidlist": given })))
}

async fn wait(shared: &Shared, verdict: &Verdict) {
    if !verdict.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(verdict.delay) => {}
            () = shared.stopped() => {}
        }
    }
}

/// Who asks, and whether they asked too often.
fn admit(visit: &mut Visit<'_>, request: &HttpRequest) -> Result<(), Refusal> {
    let authorization = request.headers().get(AUTHORIZATION);
    let text = authorization.and_then(|v| v.to_str().ok());
    visit.app_key = visit.shared.jpush.admit(text)?;
    let (rate, counted) = visit.shared.jpush.count(&visit.app_key);
    visit.rate = Some(rate);
    counted
}

fn read(visit: &Visit<'_>, request: &HttpRequest) -> Result<Sending, Refusal> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            JPushCode::Invalid,
            "Content-Type is not application/json",
        ));
    }
    let sending = check::read(visit.body)?;
    if visit
        .shared
        .jpush
        .given(&visit.app_key, &sending.cid)
        .is_none()
    {
        let what = "this cid was not given to the app within a day";
        return Err(Refusal::new(JPushCode::Invalid, what));
    }
    Ok(sending)
}

/// One request, for its record and its answer.
struct Visit<'a> {
    shared: &'a Shared,
    path: &'static str,
    body: &'a [u8],
    app_key: String,
    rate: Option<Rate>,
}

impl<'a> Visit<'a> {
    fn new(shared: &'a Shared, path: &'static str, body: &'a [u8]) -> Self {
        Self {
            shared,
            path,
            body,
            app_key: String::new(),
            rate: None,
        }
    }

    fn record(
        &self,
        target: Option<String>,
        fault: Option<FaultKind>,
        outcome: Outcome,
        message_id: Option<&str>,
    ) {
        let entry = Entry {
            provider: PROVIDER,
            path: self.path,
            project: self.app_key.clone(),
            target: target.map(Target::Token),
            raw: Entry::keep(self.body),
            bytes: self.body.len(),
            fault: fault.map(FaultKind::name),
            outcome,
        };
        self.shared.received.push(entry, message_id);
    }

    fn refuse(
        &self,
        target: Option<String>,
        fault: Option<FaultKind>,
        refusal: &Refusal,
    ) -> HttpResponse {
        let outcome = Outcome::Refused {
            status: refusal.code.status(),
            code: refusal.code.name(),
            reason: refusal.what.clone(),
        };
        self.record(target, fault, outcome, None);
        self.rated(refusal.response())
    }

    fn fail(mut self, target: Option<String>, fault: Fault) -> HttpResponse {
        let FaultKind::JPush(code) = fault.kind else {
            let outcome = Outcome::Refused {
                status: 0,
                code: "CLOSE_CONNECTION",
                reason: "the connection was cut".to_owned(),
            };
            self.record(target, Some(fault.kind), outcome, None);
            return cut_connection();
        };
        if code == JPushCode::TooOften
            && let (Some(rate), Some(seconds)) = (&mut self.rate, fault.retry_after_s)
        {
            rate.left = 0;
            rate.reset_s = u64::from(seconds);
        }
        let refusal = Refusal::new(code, "as a fault rule asked");
        self.refuse(target, Some(fault.kind), &refusal)
    }

    /// Accepted once; whoever asks again under the same id hears what the first heard.
    fn accept(&self, sending: Sending, fault: Option<FaultKind>) -> HttpResponse {
        let number = MESSAGES.fetch_add(1, Ordering::Relaxed).to_string();
        let reply_lost = fault == Some(FaultKind::LoseReply);
        let message = if self.shared.jpush.used(&sending.cid, &number) {
            let outcome = Outcome::Accepted {
                message: number.clone(),
                duplicate: false,
                reply_lost,
            };
            let message_id = sending.message_id.as_deref();
            self.record(Some(sending.target), fault, outcome, message_id);
            number
        } else {
            self.shared.received.repeated();
            let first = self.shared.jpush.given(&self.app_key, &sending.cid);
            first.flatten().unwrap_or(number)
        };
        if reply_lost {
            return cut_connection();
        }
        self.rated(HttpResponse::Ok().json(json!({ "sendno": "0", "msg_id": message })))
    }

    /// With what is left of this minute.
    fn rated(&self, mut answer: HttpResponse) -> HttpResponse {
        if let Some(rate) = self.rate {
            for (name, value) in [
                ("x-rate-limit-limit", u64::from(rate.limit)),
                ("x-rate-limit-remaining", u64::from(rate.left)),
                ("x-rate-limit-reset", rate.reset_s),
            ] {
                answer
                    .headers_mut()
                    .insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
        answer
    }
}
