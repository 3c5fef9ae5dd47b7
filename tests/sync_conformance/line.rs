//! The way between a phone and the server, with the faults that a case puts into it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join;
use serde_json::Value;
use tokio::sync::Notify;

use crate::phone::{Answer, Http, NoAnswer, Request, Sending, Transport};

/// What a request meets on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request does not arrive.
    Dropped,
    /// The request arrives and is done; its answer does not come.
    ReplyLost,
    /// The request arrives twice, the second time after the first was answered. The second answer comes.
    Twice,
    /// The request is under way twice at once. Either answer may be the one that comes.
    AtOnce,
    /// The operations of the request arrive in the opposite order, and their results in that of the phone.
    Reversed,
    /// The request arrives with a token that the server does not take.
    TokenSpoilt,
}

/// Where the server is. All lines of a case share it: a restored server may be somewhere else.
pub struct Address(Mutex<(String, Arc<Http>)>);

impl Address {
    pub fn new(base: &str) -> Arc<Address> {
        Arc::new(Address(Mutex::new(at(base))))
    }
    pub fn base(&self) -> String {
        self.0.lock().unwrap().0.clone()
    }
    pub fn moves_to(&self, base: &str) {
        *self.0.lock().unwrap() = at(base);
    }
    fn http(&self) -> Arc<Http> {
        self.0.lock().unwrap().1.clone()
    }
}

fn at(base: &str) -> (String, Arc<Http>) {
    (base.to_owned(), Arc::new(Http::new(base).unwrap()))
}

/// A place on the way where one request waits until the case lets it pass.
#[derive(Default)]
pub struct Gate {
    reached: Notify,
    open: Notify,
}

impl Gate {
    /// Waits until a request stands there.
    pub async fn reached(&self) {
        let long = Duration::from_secs(60);
        let came = tokio::time::timeout(long, self.reached.notified()).await;
        came.expect("no request came to the gate");
    }
    pub fn opens(&self) {
        self.open.notify_one();
    }
}

#[derive(Default)]
struct Plan {
    /// Requests of a path, in order, and what each meets.
    faults: VecDeque<(&'static str, Fault)>,
    /// The request of a path after so many others.
    gate: Option<(&'static str, usize, Arc<Gate>)>,
    asked: Vec<String>,
    /// How often the server was too busy to take a request.
    busy: usize,
    token: Option<String>,
    lifetime: Option<i64>,
    /// Answers to a request that was sent twice.
    both: Vec<[Answer; 2]>,
}

pub struct Line {
    address: Arc<Address>,
    plan: Mutex<Plan>,
}

pub const PUSH: &str = "/v1/sync/push";
pub const PULL: &str = "/v1/sync/pull";
pub const REFRESH: &str = "/v1/auth/refresh";

impl Line {
    pub fn new(address: &Arc<Address>) -> Arc<Line> {
        Arc::new(Line {
            address: address.clone(),
            plan: Mutex::default(),
        })
    }

    /// The next request of this path that meets nothing yet meets this.
    pub fn next(&self, path: &'static str, fault: Fault) {
        self.plan.lock().unwrap().faults.push_back((path, fault));
    }

    /// A gate before the request of this path that comes after so many others.
    pub fn gate(&self, path: &'static str, after: usize) -> Arc<Gate> {
        let gate = Arc::new(Gate::default());
        self.plan.lock().unwrap().gate = Some((path, after, gate.clone()));
        gate
    }

    /// What was planned and did not happen: a case that meets no fault shows nothing.
    pub fn unmet(&self) -> Vec<String> {
        let plan = self.plan.lock().unwrap();
        let faults = plan.faults.iter().map(|fault| format!("{fault:?}"));
        let gate = plan.gate.iter().map(|(path, ..)| format!("gate {path}"));
        faults.chain(gate).collect()
    }

    /// How many requests of this path the phone made.
    pub fn asked(&self, path: &str) -> usize {
        let plan = self.plan.lock().unwrap();
        plan.asked.iter().filter(|p| p.starts_with(path)).count()
    }

    /// Whether the server ever asked this phone for patience.
    pub fn was_busy(&self) -> bool {
        self.plan.lock().unwrap().busy > 0
    }

    /// The access token that the phone used last.
    pub fn token(&self) -> Option<String> {
        self.plan.lock().unwrap().token.clone()
    }

    /// Seconds that an access token lasts, as the phone was told.
    pub fn lifetime(&self) -> Option<i64> {
        self.plan.lock().unwrap().lifetime
    }

    /// Both answers to each request that was sent twice, as JSON.
    pub fn both(&self) -> Vec<[Value; 2]> {
        let plan = self.plan.lock().unwrap();
        let read = |answer: &Answer| serde_json::from_slice(&answer.body).unwrap();
        plan.both
            .iter()
            .map(|[one, other]| [read(one), read(other)])
            .collect()
    }

    fn fault_of(&self, request: &Request) -> Option<Fault> {
        let faults = &mut self.plan.lock().unwrap().faults;
        let which = faults.iter().position(|f| request.path.starts_with(f.0))?;
        faults.remove(which).map(|(_, fault)| fault)
    }

    fn gate_of(&self, request: &Request) -> Option<Arc<Gate>> {
        let planned = &mut self.plan.lock().unwrap().gate;
        let (path, after, gate) = planned.as_mut()?;
        if !request.path.starts_with(*path) {
            return None;
        }
        if *after > 0 {
            *after -= 1;
            return None;
        }
        let gate = gate.clone();
        *planned = None;
        Some(gate)
    }

    async fn carry(&self, request: &Request) -> Result<Answer, NoAnswer> {
        {
            let mut plan = self.plan.lock().unwrap();
            plan.asked.push(request.path.clone());
            if request.token.is_some() {
                plan.token.clone_from(&request.token);
            }
        }
        if let Some(gate) = self.gate_of(request) {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
        let Some(fault) = self.fault_of(request) else {
            return self.deliver(request).await;
        };
        match fault {
            Fault::Dropped => {}
            Fault::ReplyLost => {
                let answer = self.deliver(request).await?;
                assert!(answer.status < 300, "it was not even done: {answer:?}");
            }
            Fault::Twice | Fault::AtOnce => {
                let (one, other) = if fault == Fault::Twice {
                    let one = self.deliver(request).await?;
                    (one, self.deliver(request).await?)
                } else {
                    let (one, other) = join(self.deliver(request), self.deliver(request)).await;
                    (one?, other?)
                };
                let comes = other.clone();
                self.plan.lock().unwrap().both.push([one, other]);
                return Ok(comes);
            }
            Fault::Reversed => return self.reversed(request).await,
            Fault::TokenSpoilt => {
                let mut spoilt = request.clone();
                let token = spoilt.token.as_mut().expect("a request with a token");
                token.truncate(token.len() - 6);
                token.push_str("AAAAAA");
                return self.deliver(&spoilt).await;
            }
        }
        Err(NoAnswer(format!("{fault:?}")))
    }

    async fn reversed(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let turned = |body: &[u8], list: &str| {
            let mut json: Value = serde_json::from_slice(body).unwrap();
            json[list].as_array_mut().unwrap().reverse();
            json.to_string().into_bytes()
        };
        let body = request.body.as_deref().expect("a push");
        let mut answer = self
            .deliver(&Request {
                body: Some(turned(body, "operations")),
                ..request.clone()
            })
            .await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body = turned(&answer.body, "results");
        Ok(answer)
    }

    /// One request, one answer; where the server asks for patience the line has it.
    async fn deliver(&self, request: &Request) -> Result<Answer, NoAnswer> {
        for _ in 0..60 {
            let answer = self.address.http().send(request).await?;
            assert!(
                answer.status < 500 || answer.status == 503,
                "{} is answered {} {}",
                request.path,
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            if !matches!(answer.status, 429 | 503) {
                self.note_lifetime(&answer);
                return Ok(answer);
            }
            self.plan.lock().unwrap().busy += 1;
            let wait = answer.retry_after.unwrap_or(Duration::from_secs(1));
            tokio::time::sleep(wait).await;
        }
        Err(NoAnswer("the server stays busy".into()))
    }

    fn note_lifetime(&self, answer: &Answer) {
        let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
        if let Some(seconds) = body.and_then(|body| body["expires_in"].as_i64()) {
            self.plan.lock().unwrap().lifetime = Some(seconds);
        }
    }
}

impl Transport for Line {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(self.carry(request))
    }
}
