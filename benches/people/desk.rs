//! One kept connection at which requests are made one after the other, and how long each took.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::report::percentile;
use super::support::http::{self, Connection};
use super::support::{Account, runtime};

pub struct Desk {
    runtime: Runtime,
    connection: RefCell<Connection>,
}

impl Desk {
    pub fn at(address: &str) -> Desk {
        let runtime = runtime();
        let connection = runtime.block_on(Connection::open(address));
        Desk {
            runtime,
            connection: RefCell::new(connection),
        }
    }

    /// Nothing but success will do.
    pub fn send(&self, bytes: &[u8]) -> (Value, Duration) {
        let mut connection = self.connection.borrow_mut();
        let (body, took) = self.runtime.block_on(async {
            let began = Instant::now();
            let body = connection.expect(bytes).await;
            (body, began.elapsed())
        });
        (serde_json::from_slice(body).unwrap(), took)
    }

    pub fn get(&self, by: &Account, path: &str) -> Value {
        self.send(&http::request("GET", path, &by.token, b"")).0
    }

    pub fn post(&self, by: &Account, path: &str, body: &Value) -> (Value, Duration) {
        self.send(&post(by, path, body))
    }
}

pub fn post(by: &Account, path: &str, body: &Value) -> Vec<u8> {
    http::request("POST", path, &by.token, body.to_string().as_bytes())
}

/// How long each of many took.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds.
    pub fn at(&self, p: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        percentile(&sorted, p).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
    }

    pub fn p95(&self) -> f64 {
        self.at(0.95)
    }

    /// The middle and the 95th of a hundred.
    pub fn told(&self) -> String {
        format!("{:.2} / {:.2} ms", self.at(0.50), self.p95())
    }
}
