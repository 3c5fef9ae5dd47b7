//! One request from its head to its answer, or to what a fault rule makes of it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::request::Parts;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::super::faults::{Endpoint, Fault, FaultKind};
use super::super::record::{Entry, Outcome, Target};
use super::super::state::Shared;
use super::check::{self, Sending};
use super::reason::{ApnsReason, Refusal};

/// How records name this provider.
const PROVIDER: &str = "apns";
const PATH: &str = "/3/device/{token}";
/// More than any payload, so that one too large is seen to be.
const MAX_BODY: usize = 64 * 1024;
/// How long a body may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// How a fault ends the whole connection.
#[derive(Debug)]
pub(super) enum End {
    /// It is cut.
    Cut,
    /// GOAWAY, this stream being the last that was looked at.
    GoAway(u32),
}

/// Takes a notification as APNs would, or fails as it was told to.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    ends: mpsc::Sender<End>,
) {
    let (head, body) = request.into_parts();
    let Some(body) = read(body).await else {
        return;
    };
    let id = check::text(&head.headers, "apns-id").map(str::to_owned);
    let mut visit = Visit {
        shared: &shared,
        head: &head,
        body: &body,
        id: id.unwrap_or_else(|| Uuid::now_v7().to_string()),
        respond,
    };
    let now_s = Timestamp::now().as_second();
    let sending = match check::admit(&head, &body, &shared.apns.keys, now_s) {
        Ok(sending) => sending,
        Err(refusal) => return visit.refuse(None, None, &refusal, None),
    };
    let verdict = shared.faults.decide(Endpoint::Apns, &sending.device);
    if !verdict.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(verdict.delay) => {}
            () = shared.stopped() => {}
        }
    }
    let slow = (!verdict.delay.is_zero()).then_some(FaultKind::Slow);
    match verdict.fault {
        None => visit.accept(sending, slow),
        Some(fault) => visit.fail(sending, fault, &ends).await,
    }
}

/// The body; nothing when it does not come whole.
async fn read(mut body: RecvStream) -> Option<Vec<u8>> {
    let whole = async {
        let mut bytes = Vec::new();
        while let Some(part) = body.data().await {
            let part = part.ok()?;
            body.flow_control().release_capacity(part.len()).ok()?;
            if bytes.len() < MAX_BODY {
                bytes.extend_from_slice(&part);
            }
        }
        Some(bytes)
    };
    tokio::time::timeout(BODY_PATIENCE, whole).await.ok()?
}

/// One request, for its record and its answer.
struct Visit<'a> {
    shared: &'a Shared,
    head: &'a Parts,
    body: &'a [u8],
    id: String,
    respond: SendResponse<Bytes>,
}

impl Visit<'_> {
    fn record(
        &self,
        device: Option<String>,
        fault: Option<FaultKind>,
        outcome: Outcome,
        message_id: Option<&str>,
    ) {
        let payload: Value = serde_json::from_slice(self.body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(self.body);
            text.chars().take(1_000).collect::<String>().into()
        });
        let raw = json!({ "headers": check::shown(&self.head.headers), "payload": payload });
        let topic = check::text(&self.head.headers, "apns-topic").unwrap_or_default();
        let entry = Entry {
            provider: PROVIDER,
            path: PATH,
            project: topic.to_owned(),
            target: device.map(Target::Token),
            raw: Entry::keep(raw.to_string().as_bytes()),
            bytes: self.body.len(),
            fault: fault.map(FaultKind::name),
            outcome,
        };
        self.shared.received.push(entry, message_id);
    }

    fn refuse(
        &mut self,
        device: Option<String>,
        fault: Option<Fault>,
        refusal: &Refusal,
        timestamp_ms: Option<i64>,
    ) {
        let status = refusal.reason.status();
        let outcome = Outcome::Refused {
            status,
            code: refusal.reason.name(),
            reason: refusal.what.clone(),
        };
        self.record(device, fault.map(|f| f.kind), outcome, None);
        let mut body = json!({ "reason": refusal.reason.name() });
        if status == 410 {
            let since = timestamp_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
            body["timestamp"] = since.into();
        }
        self.reply(status, fault.and_then(|f| f.retry_after_s), Some(&body));
    }

    fn accept(&mut self, sending: Sending, fault: Option<FaultKind>) {
        self.accepted(sending, fault, false);
        self.reply(200, None, None);
    }

    fn accepted(&self, sending: Sending, fault: Option<FaultKind>, reply_lost: bool) {
        let outcome = Outcome::Accepted {
            message: self.id.clone(),
            duplicate: false,
            reply_lost,
        };
        let message_id = sending.message_id.as_deref();
        self.record(Some(sending.device), fault, outcome, message_id);
    }

    async fn fail(&mut self, sending: Sending, fault: Fault, ends: &mpsc::Sender<End>) {
        let cut = |code, reason: &str| Outcome::Refused {
            status: 0,
            code,
            reason: reason.to_owned(),
        };
        let kind = Some(fault.kind);
        match fault.kind {
            FaultKind::Apns(reason) => {
                let refusal = Refusal::new(reason, "as a fault rule asked");
                let device = Some(sending.device);
                self.refuse(device, Some(fault), &refusal, fault.timestamp_ms);
            }
            FaultKind::LoseReply => {
                self.accepted(sending, kind, true);
                end(ends, End::Cut).await;
            }
            FaultKind::GoAway => {
                let outcome = cut(
                    "GOAWAY",
                    "the server leaves and did not look at this stream",
                );
                self.record(Some(sending.device), kind, outcome, None);
                let stream = self.respond.stream_id().as_u32();
                end(ends, End::GoAway(stream.saturating_sub(2))).await;
            }
            FaultKind::RefusedStream => {
                let outcome = cut("REFUSED_STREAM", "the stream was refused unread");
                self.record(Some(sending.device), kind, outcome, None);
                self.respond.send_reset(Reason::REFUSED_STREAM);
            }
            _ => {
                let outcome = cut("CLOSE_CONNECTION", "the connection was cut");
                self.record(Some(sending.device), kind, outcome, None);
                end(ends, End::Cut).await;
            }
        }
    }

    /// Writes the answer; a client that is gone does not hear it.
    fn reply(&mut self, status: u16, retry_after_s: Option<u32>, body: Option<&Value>) {
        let mut head = Response::builder()
            .status(status)
            .header("apns-id", &self.id);
        if let Some(seconds) = retry_after_s {
            head = head.header("retry-after", seconds);
        }
        let Ok(head) = head.body(()) else {
            return self.respond.send_reset(Reason::INTERNAL_ERROR);
        };
        let Some(body) = body else {
            drop(self.respond.send_response(head, true));
            return;
        };
        if let Ok(mut stream) = self.respond.send_response(head, false) {
            let bytes = Bytes::from(body.to_string());
            drop(stream.send_data(bytes, true));
        }
    }
}

/// Ends the connection. The stream is held until then: dropped unanswered it would be reset before.
async fn end(ends: &mpsc::Sender<End>, how: End) {
    drop(ends.send(how).await);
    ends.closed().await;
}

/// Whether a fault of these is for this endpoint.
pub(in super::super) fn knows(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Apns(_)
            | FaultKind::GoAway
            | FaultKind::RefusedStream
            | FaultKind::Slow
            | FaultKind::CloseConnection
            | FaultKind::LoseReply
    )
}

/// Whether the answer of a reason may say when to come back.
pub(in super::super) fn says_when(reason: ApnsReason) -> bool {
    matches!(reason.status(), 429 | 503)
}
