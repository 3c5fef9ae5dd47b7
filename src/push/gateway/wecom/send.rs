//! `GET /cgi-bin/gettoken`, `POST /cgi-bin/message/send` and `GET /cgi-bin/auth/getuserinfo`.

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::cut::cut_connection;
use super::super::faults::{Endpoint, Fault, FaultKind};
use super::super::record::{Entry, Outcome, Target};
use super::super::state::Shared;
use super::check::{self, Sending};
use super::code::{Refusal, WeComCode};

const PROVIDER: &str = "wecom";
pub(super) const TOKEN: &str = "/cgi-bin/gettoken";
pub(super) const SEND: &str = "/cgi-bin/message/send";
pub(super) const USER: &str = "/cgi-bin/auth/getuserinfo";

/// Numbers of messages.
static MESSAGES: AtomicU64 = AtomicU64::new(1);

/// The query of a request; of a name that stands twice the last value.
fn query(request: &HttpRequest) -> HashMap<String, String> {
    serde_html_form::from_str(request.query_string()).unwrap_or_default()
}

/// Gives out the token of an app.
pub(super) async fn token(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let given = query(&request);
    let corp = given.get("corpid").cloned().unwrap_or_default();
    let visit = Visit::new(&shared, TOKEN, &corp, &[]);
    let fault = asked(&shared, Endpoint::WeComToken, "").await;
    if let Some(fault) = fault {
        return visit.fail(None, fault);
    }
    let secret = given.get("corpsecret").map(String::as_str);
    let granted = match (corp.as_str(), secret) {
        ("", _) => Err(Refusal::new(WeComCode::NoCorp, "no corpid")),
        (_, None | Some("")) => Err(Refusal::new(WeComCode::NoSecret, "no corpsecret")),
        (corp, Some(secret)) => shared.wecom.grant(corp, secret),
    };
    match granted {
        Ok((token, seconds)) => HttpResponse::Ok().json(
            json!({ "errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": seconds }),
        ),
        Err(refusal) => visit.refuse(None, None, &refusal),
    }
}

/// Says who came back with a code.
pub(super) async fn user(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let given = query(&request);
    let holder = shared
        .wecom
        .holder(given.get("access_token").map(String::as_str));
    let corp = holder.as_ref().map(|h| h.0.clone()).unwrap_or_default();
    let visit = Visit::new(&shared, USER, &corp, &[]);
    if let Err(refusal) = holder {
        return visit.refuse(None, None, &refusal);
    }
    let fault = asked(&shared, Endpoint::WeComMember, "").await;
    if let Some(fault) = fault {
        return visit.fail(None, fault);
    }
    let Some(code) = given.get("code").filter(|c| !c.is_empty()) else {
        let refusal = Refusal::new(WeComCode::NoCode, "no code");
        return visit.refuse(None, None, &refusal);
    };
    match shared.wecom.visitor(&corp, code) {
        Ok(Some(member)) => {
            HttpResponse::Ok().json(json!({ "errcode": 0, "errmsg": "ok", "userid": member }))
        }
        Ok(None) => HttpResponse::Ok()
            .json(json!({ "errcode": 0, "errmsg": "ok", "openid": "o-somebody-from-outside" })),
        Err(refusal) => visit.refuse(None, None, &refusal),
    }
}

/// What the rules say of a call that names no member; `slow` has been waited for.
async fn asked(shared: &Shared, endpoint: Endpoint, member: &str) -> Option<Fault> {
    let verdict = shared.faults.decide(endpoint, member);
    wait(shared, verdict.delay).await;
    verdict.fault
}

async fn wait(shared: &Shared, delay: Duration) {
    if !delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = shared.stopped() => {}
        }
    }
}

/// A message by another method.
pub(super) async fn not_post() -> HttpResponse {
    Refusal::new(WeComCode::NotPost, "not POST").response()
}

/// Takes a message as WeCom would, or fails as it was told to.
pub(super) async fn send(
    shared: web::Data<Shared>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let given = query(&request);
    let body = body.unwrap_or_default();
    let holder = shared
        .wecom
        .holder(given.get("access_token").map(String::as_str));
    let corp = holder.as_ref().map(|h| h.0.clone()).unwrap_or_default();
    let visit = Visit::new(&shared, SEND, &corp, &body);
    let admitted = holder.and_then(|(corp, agent)| {
        let sending = check::read(&body)?;
        if sending.agent_id == agent {
            return Ok(sending);
        }
        Err(match shared.wecom.app(&corp, sending.agent_id) {
            None => Refusal::new(WeComCode::BadAgent, "there is no such agentid"),
            Some(_) => Refusal::new(WeComCode::OtherAgent, "the token is another app's"),
        })
    });
    let sending = match admitted {
        Ok(sending) => sending,
        Err(refusal) => return visit.refuse(None, None, &refusal),
    };
    let mut found = Found::default();
    let mut delay = Duration::ZERO;
    for user in &sending.users {
        let verdict = shared.faults.decide(Endpoint::WeCom, user);
        delay = delay.max(verdict.delay);
        match verdict.fault {
            None => {}
            Some(fault) => match fault.kind {
                FaultKind::Unregistered => found.invalid.push(user.clone()),
                FaultKind::Unlicensed => found.unlicensed.push(user.clone()),
                // It befalls the whole call.
                _ => {
                    found.whole = Some(fault);
                    break;
                }
            },
        }
    }
    found.slow = !delay.is_zero();
    wait(&shared, delay).await;
    match found.whole {
        Some(fault) if fault.kind != FaultKind::LoseReply => {
            visit.fail(sending.users.first().cloned(), fault)
        }
        _ => visit.deliver(&sending, &found),
    }
}

/// What the rules say of a message.
#[derive(Default)]
struct Found {
    invalid: Vec<String>,
    unlicensed: Vec<String>,
    whole: Option<Fault>,
    slow: bool,
}

/// One request, for its records and its answer.
struct Visit<'a> {
    shared: &'a Shared,
    path: &'static str,
    corp: &'a str,
    body: &'a [u8],
}

impl<'a> Visit<'a> {
    fn new(shared: &'a Shared, path: &'static str, corp: &'a str, body: &'a [u8]) -> Self {
        Self {
            shared,
            path,
            corp,
            body,
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
            project: self.corp.to_owned(),
            target: target.map(Target::Token),
            raw: Entry::keep(self.body),
            bytes: self.body.len(),
            fault: fault.map(FaultKind::name),
            outcome,
        };
        self.shared.received.push(entry, message_id);
    }

    fn refused(
        &self,
        target: Option<String>,
        fault: Option<FaultKind>,
        code: &'static str,
        why: &str,
    ) {
        let outcome = Outcome::Refused {
            status: 200,
            code,
            reason: why.to_owned(),
        };
        self.record(target, fault, outcome, None);
    }

    fn refuse(
        &self,
        target: Option<String>,
        fault: Option<FaultKind>,
        refusal: &Refusal,
    ) -> HttpResponse {
        self.refused(target, fault, refusal.code.name(), &refusal.what);
        refusal.response()
    }

    fn fail(&self, target: Option<String>, fault: Fault) -> HttpResponse {
        let FaultKind::WeCom(code) = fault.kind else {
            let outcome = Outcome::Refused {
                status: 0,
                code: "CLOSE_CONNECTION",
                reason: "the connection was cut".to_owned(),
            };
            self.record(target, Some(fault.kind), outcome, None);
            return cut_connection();
        };
        let refusal = Refusal::new(code, "as a fault rule asked");
        self.refuse(target, Some(fault.kind), &refusal)
    }

    /// Shows a message to its members, one record each.
    fn deliver(&self, sending: &Sending, found: &Found) -> HttpResponse {
        let number = MESSAGES.fetch_add(1, Ordering::Relaxed);
        let message = format!("msg-{number:012}");
        let reply_lost = found.whole.is_some();
        let fault = found.whole.map(|f| f.kind);
        let fault = fault.or(found.slow.then_some(FaultKind::Slow));
        let repeated = sending.known_s.is_some_and(|seconds| self.known(seconds));
        let app = format!("{} {}", self.corp, sending.agent_id);
        let mut valid = 0;
        for user in &sending.users {
            let target = Some(user.clone());
            if found.invalid.contains(user) {
                let why = "the app may not write to this member, or there is none";
                self.refused(target, Some(FaultKind::Unregistered), "INVALIDUSER", why);
                continue;
            }
            if found.unlicensed.contains(user) {
                let why = "the organisation has no licence for this member";
                self.refused(target, Some(FaultKind::Unlicensed), "UNLICENSEDUSER", why);
                continue;
            }
            valid += 1;
            if repeated {
                self.shared.received.repeated();
            } else if !self.shared.wecom.shows(&app, &user.to_ascii_lowercase()) {
                let why = "dropped without a word: more than WeCom shows one member in a minute or an hour";
                self.refused(target, fault, "DROPPED", why);
            } else {
                let outcome = Outcome::Accepted {
                    message: message.clone(),
                    duplicate: false,
                    reply_lost,
                };
                self.record(target, fault, outcome, Some(&sending.content));
            }
        }
        if reply_lost {
            return cut_connection();
        }
        if valid == 0 {
            return HttpResponse::Ok().json(self.nobody(found));
        }
        HttpResponse::Ok().json(self.answer(&message, found))
    }

    /// The answer where nobody of a call may be written to: an error, with the lists beside it.
    fn nobody(&self, found: &Found) -> Value {
        let code = WeComCode::NoReceiver;
        self.named(
            json!({ "errcode": code.number(), "errmsg": code.message() }),
            found,
        )
    }

    fn answer(&self, message: &str, found: &Found) -> Value {
        self.named(
            json!({ "errcode": 0, "errmsg": "ok", "msgid": message }),
            found,
        )
    }

    /// WeCom names members in small letters, and only where there are any.
    fn named(&self, mut answer: Value, found: &Found) -> Value {
        for (name, users) in [
            ("invaliduser", &found.invalid),
            ("unlicenseduser", &found.unlicensed),
        ] {
            if !users.is_empty() {
                answer[name] = users.join("|").to_ascii_lowercase().into();
            }
        }
        answer
    }

    /// Whether this very request was seen within its time.
    fn known(&self, seconds: u64) -> bool {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.body);
        let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        self.shared
            .wecom
            .known(format!("{} {hex}", self.corp), seconds)
    }
}
