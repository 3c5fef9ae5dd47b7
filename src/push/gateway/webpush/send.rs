//! `POST /wp/{id}`: a message for one browser.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::cut::cut_connection;
use super::super::faults::{Endpoint, FaultKind};
use super::super::record::{Entry, Outcome, Target};
use super::super::state::Shared;
use super::check::{self, Headers};
use super::refusal::Refusal;
use super::{decrypt, vapid};

/// Takes a message as a push service would, or fails as it was told to.
pub(super) async fn send(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let visit = Visit {
        shared: &shared,
        id: &id,
        body: body.as_deref().unwrap_or_default(),
    };
    let admitted = match &body {
        Ok(body) => admit(&shared, &request, &id, body),
        Err(error) => Err(Refusal::new(413, "TOO_LARGE", error.to_string())),
    };
    let arrived = match admitted {
        Ok(arrived) => arrived,
        Err(refusal) => return visit.refuse(None, None, &refusal),
    };
    let verdict = shared.faults.decide(Endpoint::WebPush, &id);
    if !verdict.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(verdict.delay) => {}
            () = shared.stopped() => {}
        }
    }
    let kind = verdict.fault.map(|f| f.kind);
    let slow = (!verdict.delay.is_zero()).then_some(FaultKind::Slow);
    let shown = kind.or(slow);
    if kind == Some(FaultKind::CloseConnection) {
        let outcome = Outcome::Refused {
            status: 0,
            code: "CLOSE_CONNECTION",
            reason: "the connection was cut".to_owned(),
        };
        visit.record(Some(&arrived), shown, outcome);
        return cut_connection();
    }
    let refusal = verdict
        .fault
        .and_then(|fault| Refusal::of_fault(fault, &shared.base_url()));
    match refusal {
        Some(refusal) => visit.refuse(Some(&arrived), shown, &refusal),
        None => visit.accept(&arrived, shown),
    }
}

/// A message that is in order.
struct Arrived {
    headers: Headers,
    contact: String,
    /// What the browser reads; nothing where the browser is elsewhere.
    text: Option<Value>,
}

fn admit(
    shared: &Shared,
    request: &HttpRequest,
    id: &str,
    body: &[u8],
) -> Result<Arrived, Refusal> {
    let subscription = shared.web_push.find(id).ok_or_else(Refusal::gone)?;
    let authorization = check::one(request, AUTHORIZATION.as_str())?;
    let contact = vapid::check(authorization, &subscription, &shared.base_url())?;
    let headers = check::headers(request)?;
    let frame = check::frame(body)?;
    if !shared.web_push.is_new_key(frame.sender) {
        return Err(Refusal::body(
            "this sender's key came before: each message has its own",
        ));
    }
    let text = match &subscription.private {
        None => None,
        Some(private) => {
            let text = decrypt::decrypt(&subscription, private, &frame)
                .ok_or_else(|| Refusal::body("the browser cannot decrypt it"))?;
            let shown = serde_json::from_slice(&text)
                .unwrap_or_else(|_| String::from_utf8_lossy(&text).into());
            Some(shown)
        }
    };
    Ok(Arrived {
        headers,
        contact,
        text,
    })
}

/// One request, for its record.
struct Visit<'a> {
    shared: &'a Shared,
    id: &'a str,
    body: &'a [u8],
}

impl Visit<'_> {
    fn record(&self, arrived: Option<&Arrived>, fault: Option<FaultKind>, outcome: Outcome) {
        let text = arrived.and_then(|a| a.text.as_ref());
        let message_id = text.and_then(|t| t["message_id"].as_str());
        let mut shown = json!({ "body": URL_SAFE_NO_PAD.encode(self.body) });
        if let Some(arrived) = arrived {
            shown["headers"] = json!(arrived.headers);
            shown["contact"] = json!(arrived.contact);
        }
        if let Some(text) = text {
            shown["message"] = json!({ "data": text, "notification": { "title": text["title"] } });
        }
        let shown = shown.to_string();
        let entry = Entry {
            provider: super::PROVIDER,
            path: super::PATH,
            project: String::new(),
            target: Some(Target::Token(self.id.to_owned())),
            raw: Entry::keep(shown.as_bytes()),
            bytes: self.body.len(),
            fault: fault.map(FaultKind::name),
            outcome,
        };
        self.shared.received.push(entry, message_id);
    }

    fn refuse(
        &self,
        arrived: Option<&Arrived>,
        fault: Option<FaultKind>,
        refusal: &Refusal,
    ) -> HttpResponse {
        let outcome = Outcome::Refused {
            status: refusal.http,
            code: refusal.code,
            reason: refusal.reason.clone(),
        };
        self.record(arrived, fault, outcome);
        refusal.response()
    }

    fn accept(&self, arrived: &Arrived, fault: Option<FaultKind>) -> HttpResponse {
        let number = self.shared.web_push.next_message();
        let message = format!("{}/wp-message/{number:016x}", self.shared.base_url());
        let reply_lost = fault == Some(FaultKind::LoseReply);
        let outcome = Outcome::Accepted {
            message: message.clone(),
            duplicate: false,
            reply_lost,
        };
        self.record(Some(arrived), fault, outcome);
        if reply_lost {
            return cut_connection();
        }
        HttpResponse::Created()
            .insert_header(("Location", message))
            .insert_header(("TTL", arrived.headers.ttl.to_string()))
            .finish()
    }
}
