//! A load generator that costs little: kept connections, prepared bytes, no HTTP library.

use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

/// One HTTP/1.1 request as bytes.
pub fn request(method: &str, path: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n",
        body.len()
    )
    .into_bytes();
    if !token.is_empty() {
        out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
    }
    if !body.is_empty() {
        out.extend_from_slice(b"content-type: application/json\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// Sends requests on all connections until the time is over; any answer that is not 2xx ends the run.
pub async fn run(base: &str, length: Duration, make: impl Fn(usize) -> Vec<u8>) -> Measured {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(base).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
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
    mut stream: TcpStream,
    next: &std::cell::Cell<usize>,
    make: &impl Fn(usize) -> Vec<u8>,
    from: Instant,
    end: Instant,
) -> Vec<u32> {
    let (mut out, mut buffer) = (Vec::with_capacity(100_000), Vec::with_capacity(64 * 1024));
    loop {
        let n = next.get();
        next.set(n + 1);
        let bytes = make(n);
        let sent = Instant::now();
        if sent >= end {
            return out;
        }
        stream.write_all(&bytes).await.unwrap();
        answer(&mut stream, &mut buffer).await;
        if sent >= from {
            out.push(sent.elapsed().as_micros() as u32);
        }
    }
}

/// Reads one answer with a Content-Length.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = std::str::from_utf8(&buffer[..end]).unwrap();
            assert!(
                head.starts_with("HTTP/1.1 2"),
                "{}",
                String::from_utf8_lossy(buffer)
            );
            let length: usize = head
                .lines()
                .find_map(|l| {
                    l.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(|v| v.trim().parse().unwrap())
                })
                .expect("an answer with a length");
            while buffer.len() < end + 4 + length {
                assert!(
                    stream.read_buf(buffer).await.unwrap() > 0,
                    "the connection ended"
                );
            }
            return;
        }
        assert!(
            stream.read_buf(buffer).await.unwrap() > 0,
            "the connection ended"
        );
    }
}
