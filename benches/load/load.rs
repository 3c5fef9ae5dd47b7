//! Load on kept connections, and how long the answers took.

use std::time::{Duration, Instant};

use super::support::http::Connection;

/// Connections kept open and busy.
const CONNECTIONS: usize = 64;

pub struct Measured {
    /// Microseconds of each answer.
    latencies: Vec<u32>,
    took: Duration,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
    /// Milliseconds.
    pub fn percentile(&self, p: f64) -> f64 {
        let at = ((self.latencies.len() as f64 * p) as usize)
            .min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Sends requests on all connections until the time is over; any answer that is not 2xx ends the run.
pub async fn run(base: &str, length: Duration, make: impl Fn(usize) -> Vec<u8>) -> Measured {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        streams.push(Connection::open(base).await);
    }
    let next = std::cell::Cell::new(0usize);
    let started = Instant::now();
    // One second of warming up is not counted.
    let (counted_from, end) = (
        started + Duration::from_secs(1),
        started + Duration::from_secs(1) + length,
    );
    let workers = streams.into_iter().map(|stream| {
        let (next, make) = (&next, &make);
        async move { worker(stream, next, make, counted_from, end).await }
    });
    let mut latencies: Vec<u32> = futures_util::future::join_all(workers)
        .await
        .into_iter()
        .flatten()
        .collect();
    latencies.sort_unstable();
    Measured {
        latencies,
        took: length,
    }
}

async fn worker(
    mut stream: Connection,
    next: &std::cell::Cell<usize>,
    make: &impl Fn(usize) -> Vec<u8>,
    from: Instant,
    end: Instant,
) -> Vec<u32> {
    let mut out = Vec::with_capacity(100_000);
    loop {
        let n = next.get();
        next.set(n + 1);
        let bytes = make(n);
        let sent = Instant::now();
        if sent >= end {
            return out;
        }
        stream.expect(&bytes).await;
        if sent >= from {
            out.push(sent.elapsed().as_micros() as u32);
        }
    }
}
