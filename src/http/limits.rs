//! How often one caller may ask: a bucket per user, or per address where nobody is signed in.
//!
//! In memory, per node: it keeps one caller from starving the others. What must
//! hold across nodes (a lockout after wrong passwords) rests in the database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Instant;

use crate::db::Uid;

/// Fields of draft-ietf-httpapi-ratelimit-headers.
pub const HEADERS: [&str; 2] = ["ratelimit", "ratelimit-policy"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    User(Uid),
    Address(IpAddr),
}

/// Token buckets; the table is cut when it grows past its bound.
pub struct Limiter {
    /// Tokens regained in a second.
    per_second: f64,
    burst: f64,
    shards: Vec<Mutex<HashMap<Caller, Bucket>>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

/// What a caller has left.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub allowed: bool,
    pub remaining: u32,
    /// Seconds until a token is there again.
    pub reset: u32,
}

const SHARDS: usize = 16;
const CALLERS_PER_SHARD: usize = 8192;

impl Limiter {
    pub fn new(per_second: u32, burst: u32) -> Limiter {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Limiter {
            per_second: f64::from(per_second.max(1)),
            burst: f64::from(burst.max(1)),
            shards,
        }
    }

    pub fn take(&self, caller: Caller) -> Standing {
        use std::hash::{BuildHasher, RandomState};
        static STATE: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();
        let hash = STATE.get_or_init(RandomState::new).hash_one(caller);
        let shard = &self.shards[hash as usize % SHARDS];
        let now = Instant::now();
        let mut table = shard
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if table.len() >= CALLERS_PER_SHARD && !table.contains_key(&caller) {
            // Full buckets say nothing; forget them first.
            let (per_second, burst) = (self.per_second, self.burst);
            table.retain(|_, b| {
                b.tokens + now.duration_since(b.at).as_secs_f64() * per_second < burst
            });
            if table.len() >= CALLERS_PER_SHARD {
                table.clear();
            }
        }
        let bucket = table.entry(caller).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        bucket.tokens = (bucket.tokens
            + now.duration_since(bucket.at).as_secs_f64() * self.per_second)
            .min(self.burst);
        bucket.at = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        let reset = ((1.0 - bucket.tokens).max(0.0) / self.per_second).ceil() as u32;
        Standing {
            allowed,
            remaining: bucket.tokens as u32,
            reset,
        }
    }

    pub fn policy(&self) -> String {
        format!(
            "\"default\";q={};w={}",
            self.burst as u32,
            (self.burst / self.per_second).ceil() as u32
        )
    }
}
