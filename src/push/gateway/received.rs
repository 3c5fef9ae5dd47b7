//! What arrived and what was refused: two bounded rings under one sequence.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::record::{Entry, Outcome, Record, Target};
use super::state::lock;

/// Items of one answer.
const MAX_PAGE: usize = 1_000;
const DEFAULT_PAGE: usize = 100;

/// Which records are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// What would have reached a phone.
    #[default]
    Accepted,
    /// What was refused or cut.
    Refused,
    /// Both.
    All,
}

/// The query of `GET /received`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Only what came after this `seq`, oldest first; without it, the latest.
    pub since: Option<u64>,
    /// At most so many, up to 1,000; 100 when left out.
    pub limit: Option<usize>,
    /// Accepted (when left out), refused, or all.
    #[serde(default)]
    pub which: Which,
    /// Wait up to so many seconds (at most 30) for the first item.
    pub wait_s: Option<u64>,
}

/// What was counted; the body of `GET /stats`.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Stats {
    /// Since when.
    pub since: String,
    /// Sends accepted, duplicates and lost replies included.
    pub accepted: u64,
    /// Accepted sends whose `data.message_id` had already been accepted for
    /// the same target.
    pub duplicates: u64,
    /// Accepted sends of which the sender never heard.
    pub replies_lost: u64,
    /// Sends that were known again, by JPush by their `cid`, by WeCom as the very same: answered as the first one,
    /// delivered once.
    pub repeated: u64,
    /// Good sends with `validateOnly`, which are not delivered.
    pub validated: u64,
    /// Refusals of all endpoints.
    pub refused: u64,
    /// The same by code.
    pub refused_by_code: BTreeMap<&'static str, u64>,
    /// Access tokens granted since the gateway started.
    pub token_grants: u64,
    /// Accepted messages still kept.
    pub kept: usize,
    /// The latest `seq`.
    pub last_seq: u64,
}

#[derive(Debug)]
struct Log {
    accepted: VecDeque<Arc<Record>>,
    refused: VecDeque<Arc<Record>>,
    seen: HashSet<u64>,
    seen_order: VecDeque<u64>,
    stats: Stats,
}

/// The rings.
#[derive(Debug)]
pub(super) struct Received {
    log: Mutex<Log>,
    max: usize,
    remember: usize,
    hasher: RandomState,
    changes: watch::Sender<u64>,
}

/// A part of the rings.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) records: Vec<Arc<Record>>,
    /// Where to go on.
    pub(super) next_since: u64,
}

impl Received {
    pub(super) fn new(max: usize, remember: usize) -> Self {
        Self {
            log: Mutex::new(Log::new(0)),
            max: max.max(1),
            remember: remember.max(1),
            hasher: RandomState::new(),
            changes: watch::Sender::new(0),
        }
    }

    /// Keeps a record. `message_id` is the sender's own id, by which a message
    /// sent twice is known.
    pub(super) fn push(&self, mut entry: Entry, message_id: Option<&str>) {
        let at = Timestamp::now();
        let id = message_id.map(|id| {
            let target = entry.target.as_ref().map_or("", Target::text);
            self.hasher.hash_one((entry.provider, target, id))
        });
        let mut log = lock(&self.log);
        log.stats.last_seq += 1;
        let seq = log.stats.last_seq;
        let accepted = match &mut entry.outcome {
            Outcome::Accepted {
                duplicate,
                reply_lost,
                ..
            } => {
                *duplicate = id.is_some_and(|id| log.is_seen(id, self.remember));
                log.stats.accepted += 1;
                log.stats.duplicates += u64::from(*duplicate);
                log.stats.replies_lost += u64::from(*reply_lost);
                true
            }
            Outcome::Refused { code, .. } => {
                log.stats.refused += 1;
                *log.stats.refused_by_code.entry(code).or_insert(0) += 1;
                false
            }
        };
        let ring = if accepted {
            &mut log.accepted
        } else {
            &mut log.refused
        };
        let dropped = (ring.len() >= self.max).then(|| ring.pop_front());
        ring.push_back(Arc::new(Record::new(seq, at, entry)));
        drop(log);
        drop(dropped);
        self.changes.send_replace(seq);
    }

    /// Counts a send that was known again and is not delivered twice.
    pub(super) fn repeated(&self) {
        lock(&self.log).stats.repeated += 1;
    }

    /// Counts a good send that is not to be delivered.
    pub(super) fn validated(&self) {
        lock(&self.log).stats.validated += 1;
    }

    pub(super) fn accepted(&self) -> u64 {
        lock(&self.log).stats.accepted
    }

    pub(super) fn stats(&self) -> Stats {
        let log = lock(&self.log);
        let mut stats = log.stats.clone();
        stats.kept = log.accepted.len();
        stats
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn clear(&self) {
        let mut log = lock(&self.log);
        let fresh = Log::new(log.stats.last_seq);
        let old = std::mem::replace(&mut *log, fresh);
        drop(log);
        drop(old);
        self.changes.send_modify(|_| {});
    }

    pub(super) fn page(&self, query: &Query) -> Page {
        let limit = query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
        let log = lock(&self.log);
        let mut records = Vec::new();
        let rings: &[&VecDeque<Arc<Record>>] = match query.which {
            Which::Accepted => &[&log.accepted],
            Which::Refused => &[&log.refused],
            Which::All => &[&log.accepted, &log.refused],
        };
        for ring in rings {
            let from = match query.since {
                Some(since) => ring.partition_point(|r| r.seq() <= since),
                None => ring.len().saturating_sub(limit),
            };
            records.extend(ring.iter().skip(from).take(limit).cloned());
        }
        let last_seq = log.stats.last_seq;
        drop(log);
        records.sort_by_key(|r| r.seq());
        let next_since = if query.since.is_some() && records.len() >= limit {
            records.truncate(limit);
            records.last().map_or(last_seq, |r| r.seq())
        } else {
            records.drain(..records.len().saturating_sub(limit));
            last_seq
        };
        Page {
            records,
            next_since,
        }
    }
}

impl Log {
    fn new(last_seq: u64) -> Self {
        Self {
            accepted: VecDeque::new(),
            refused: VecDeque::new(),
            seen: HashSet::new(),
            seen_order: VecDeque::new(),
            stats: Stats {
                since: format!("{:.3}", Timestamp::now()),
                accepted: 0,
                duplicates: 0,
                replies_lost: 0,
                repeated: 0,
                validated: 0,
                refused: 0,
                refused_by_code: BTreeMap::new(),
                token_grants: 0,
                kept: 0,
                last_seq,
            },
        }
    }

    fn is_seen(&mut self, id: u64, remember: usize) -> bool {
        if !self.seen.insert(id) {
            return true;
        }
        self.seen_order.push_back(id);
        if self.seen_order.len() > remember
            && let Some(oldest) = self.seen_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        false
    }
}
