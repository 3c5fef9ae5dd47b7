//! A scripted network, a clock that stands still, and the answers that tests need.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::phone::{
    About, Answer, Clock, Id, Moment, NoAnswer, Phone, Request, Sending, Surroundings, Transport,
};

/// 2026-05-29T10:00:00Z.
pub const START: i64 = 1_780_048_800_000;

pub struct StandingClock(AtomicI64);

impl StandingClock {
    pub fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::Relaxed))
    }
}

/// Answers in the order of the script, and keeps what was asked. A request beyond the script gets no answer.
#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Option<Answer>>>,
    asked: Mutex<Vec<Request>>,
}

impl Script {
    pub fn answer(&self, status: u16, body: Value) {
        self.answers.lock().unwrap().push_back(Some(Answer {
            status,
            retry_after: (status == 503).then_some(std::time::Duration::from_secs(7)),
            body: body.to_string().into_bytes(),
        }));
    }
    /// The request may arrive; its answer does not.
    pub fn lose(&self) {
        self.answers.lock().unwrap().push_back(None);
    }
    pub fn results(&self, results: Value) {
        self.answer(200, json!({ "results": results }));
    }
    /// An empty pull.
    pub fn nothing_new(&self) {
        self.answer(200, page(json!([]), "c", false));
    }
    /// What was asked since the last time this was called: path and body.
    pub fn asked(&self) -> Vec<(String, Value)> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let body = |r: &Request| {
            r.body
                .as_deref()
                .map(|b| serde_json::from_slice(b).unwrap())
        };
        asked
            .into_iter()
            .map(|r| (r.path.clone(), body(&r).unwrap_or_default()))
            .collect()
    }
    /// The operations of each push since then.
    pub fn pushed(&self) -> Vec<Vec<Value>> {
        let pushes = self
            .asked()
            .into_iter()
            .filter(|(p, _)| p == "/v1/sync/push");
        pushes
            .map(|(_, body)| body["operations"].as_array().unwrap().clone())
            .collect()
    }
}

impl Transport for Script {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        self.asked.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop_front().flatten();
        Box::pin(async move { answer.ok_or_else(|| NoAnswer("lost".into())) })
    }
}

pub struct Field {
    pub phone: Phone,
    pub script: Arc<Script>,
    pub clock: Arc<StandingClock>,
}

impl Field {
    /// An enrolled phone that keeps nothing.
    pub async fn new() -> Field {
        let mut field = Field::at(Path::new(":memory:"), 1);
        field.script.answer(201, session("a1", "r1"));
        field.phone.enrol("7KQM-3TXP-9A", &about()).await.unwrap();
        field.script.asked();
        field
    }
    pub fn at(path: &Path, seed: u64) -> Field {
        let script = Arc::new(Script::default());
        let clock = Arc::new(StandingClock(AtomicI64::new(START)));
        let surroundings = Surroundings {
            transport: script.clone(),
            clock: clock.clone(),
            rng: StdRng::seed_from_u64(seed),
        };
        let phone = Phone::open_in(path, surroundings).unwrap();
        Field {
            phone,
            script,
            clock,
        }
    }
    /// Pulls one record in.
    pub async fn hold(&mut self, id: Id, version: i64, record: Value) {
        let change = upsert("resident", id, version, record);
        self.script.answer(200, page(json!([change]), "c", false));
        self.phone.pull().await.unwrap();
        self.script.asked();
    }
}

pub fn about() -> About {
    About {
        device_name: "Redmi 12".into(),
        platform: "android".into(),
        app_version: "2.3.1".into(),
    }
}

pub fn id(n: u8) -> Id {
    format!("019a8c5e-7c00-7000-8000-0000000000{n:02x}")
        .parse()
        .unwrap()
}

pub fn session(access: &str, refresh: &str) -> Value {
    json!({ "access_token": access, "token_type": "Bearer", "expires_in": 900,
            "refresh_token": refresh, "user_id": id(0xe0), "device_id": id(0xd0) })
}

pub fn upsert(kind: &str, id: Id, version: i64, mut record: Value) -> Value {
    record["id"] = json!(id);
    record["version"] = json!(version);
    json!({ "kind": kind, "id": id, "version": version, "op": "upsert", "view": "full",
            "areas": [self::id(0xa1), self::id(0xa2)], "record": record })
}

pub fn gone(kind: &str, id: Id, op: &str) -> Value {
    json!({ "kind": kind, "id": id, "version": 1, "op": op })
}

pub fn page(changes: Value, next_cursor: &str, more: bool) -> Value {
    json!({ "changes": changes, "next_cursor": next_cursor, "more": more, "purge_areas": [],
            "keep_until": "2026-06-28T10:00:00Z", "server_time": "2026-05-29T10:00:00Z" })
}

pub fn problem(status: u16, code: &str) -> Value {
    json!({ "type": format!("/problems/{code}"), "title": "…", "status": status, "detail": "…",
            "instance": "urn:request:1", "code": code, "errors": [] })
}

/// A result with the record that it left.
pub fn done(outcome: &str, version: i64, mut record: Value) -> Value {
    record["version"] = json!(version);
    json!({ "outcome": outcome, "version": version, "record": record })
}
