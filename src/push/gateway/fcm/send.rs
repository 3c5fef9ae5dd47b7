//! `POST /v1/projects/{project}/messages:send`.

use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde_json::json;

use super::super::cut::cut_connection;
use super::super::faults::{Endpoint, FaultKind};
use super::super::record::{Entry, Outcome, Target};
use super::super::state::Shared;
use super::errors::{Refusal, Violation};
use super::grants::Access;
use super::message::{self, Sending};

/// How long a token that starts with `slow-` waits.
const MAGIC_SLOW: Duration = Duration::from_secs(3);
/// `Retry-After` of a token that starts with `busy-`.
const MAGIC_RETRY_AFTER_S: u32 = 2;
/// Query parameters that every API of Google knows.
const QUERY: [&str; 6] = [
    "alt",
    "key",
    "prettyPrint",
    "quotaUser",
    "fields",
    "$.xgafv",
];

/// The path, as records show it.
const PATH: &str = "/v1/projects/{project}/messages:send";

/// Takes a message as FCM would, or fails as it was told to.
pub(super) async fn send(
    shared: web::Data<Shared>,
    project: web::Path<String>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let visit = Visit {
        shared: &shared,
        project: &project,
        body: body.as_deref().unwrap_or_default(),
    };
    let admitted = match &body {
        Ok(body) => admit(&shared, &request, &project, body),
        Err(error) => Err(Refusal::malformed(format_args!("{error}"))),
    };
    let sending = match admitted {
        Ok(sending) => sending,
        Err(refusal) => return visit.refuse(None, None, &refusal),
    };
    let token = sending.target.token();
    let mut verdict = shared.faults.decide(Endpoint::Send, token);
    if token.starts_with("slow-") {
        verdict.delay += MAGIC_SLOW;
    }
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
        visit.record(Some(sending.target), shown, outcome, None);
        return cut_connection();
    }
    let refusal = verdict.fault.and_then(Refusal::of_fault).or_else(|| {
        if token.starts_with("dead-") {
            Some(Refusal::unregistered())
        } else if token.starts_with("busy-") {
            Some(Refusal::quota(Some(MAGIC_RETRY_AFTER_S)))
        } else {
            None
        }
    });
    match refusal {
        Some(refusal) => visit.refuse(Some(sending.target), shown, &refusal),
        None => visit.accept(sending, shown),
    }
}

/// Everything that does not depend on fault rules, in Google's order: who asks,
/// what is asked, whether they may.
fn admit(
    shared: &Shared,
    request: &HttpRequest,
    project: &str,
    body: &[u8],
) -> Result<Sending, Refusal> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let token = header(AUTHORIZATION)
        .ok_or_else(Refusal::no_credential)?
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token)
        .ok_or_else(|| Refusal::bad_credential("ACCESS_TOKEN_TYPE_UNSUPPORTED"))?;
    let access = shared.fcm.access(token, project);
    match access {
        Access::Unknown => return Err(Refusal::bad_credential("ACCESS_TOKEN_TYPE_UNSUPPORTED")),
        Access::Expired => return Err(Refusal::bad_credential("ACCESS_TOKEN_EXPIRED")),
        Access::Other | Access::Granted => {}
    }
    query(request.query_string())?;
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::malformed("Content-Type must be application/json."));
    }
    let sending = message::read(body)?;
    if access == Access::Other {
        return Err(Refusal::other_project(project));
    }
    Ok(sending)
}

fn query(query: &str) -> Result<(), Refusal> {
    let names = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default());
    let unknown: Vec<Violation> = names
        .filter(|name| !name.is_empty() && !QUERY.contains(name))
        .map(|name| Violation {
            field: String::new(),
            description: format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could not be found in request message."
            ),
        })
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Refusal::schema(&unknown))
    }
}

/// One request, for its record.
struct Visit<'a> {
    shared: &'a Shared,
    project: &'a str,
    body: &'a [u8],
}

impl Visit<'_> {
    fn record(
        &self,
        target: Option<Target>,
        fault: Option<FaultKind>,
        outcome: Outcome,
        message_id: Option<&str>,
    ) {
        let entry = Entry {
            provider: super::PROVIDER,
            path: PATH,
            project: self.project.to_owned(),
            target,
            raw: Entry::keep(self.body),
            bytes: self.body.len(),
            fault: fault.map(FaultKind::name),
            outcome,
        };
        self.shared.received.push(entry, message_id);
    }

    fn refuse(
        &self,
        target: Option<Target>,
        fault: Option<FaultKind>,
        refusal: &Refusal,
    ) -> HttpResponse {
        let outcome = Outcome::Refused {
            status: refusal.http,
            code: refusal.code,
            reason: refusal.message.clone(),
        };
        self.record(target, fault, outcome, None);
        refusal.response()
    }

    fn accept(&self, sending: Sending, fault: Option<FaultKind>) -> HttpResponse {
        let project = self.project;
        if sending.validate_only {
            self.shared.received.validated();
            let name = format!("projects/{project}/messages/fake_message_id");
            return HttpResponse::Ok().json(json!({ "name": name }));
        }
        let number = self.shared.fcm.next_message();
        let micros = Timestamp::now().as_microsecond();
        let name = format!("projects/{project}/messages/0:{micros}%{number:016x}");
        let reply_lost = fault == Some(FaultKind::LoseReply);
        let answer = json!({ "name": name });
        let outcome = Outcome::Accepted {
            message: name,
            duplicate: false,
            reply_lost,
        };
        let message_id = sending.message_id.as_deref();
        self.record(Some(sending.target), fault, outcome, message_id);
        if reply_lost {
            cut_connection()
        } else {
            HttpResponse::Ok().json(answer)
        }
    }
}
