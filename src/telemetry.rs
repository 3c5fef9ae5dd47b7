//! Log lines and metrics. Neither ever holds personal data: routes are
//! patterns, people are ids.

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

pub fn init(filter: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| format!("log.filter: {e}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let done = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.compact().try_init()
    };
    done.map_err(|e| e.to_string())
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    provider: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Waiting {
    provider: &'static str,
    lane: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfProvider {
    provider: &'static str,
}

pub struct Metrics {
    registry: Registry,
    requests: Family<Route, Counter>,
    seconds: Histogram,
    waiting_reads: Gauge,
    waiting_writes: Gauge,
    pushes: Family<Outcome, Counter>,
    push_queue: Family<Waiting, Gauge>,
    push_window: Family<OfProvider, Gauge>,
    push_under_way: Family<OfProvider, Gauge>,
    push_held: Family<OfProvider, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("qianshou");
        let requests = Family::default();
        let seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 14));
        let (waiting_reads, waiting_writes) = (Gauge::default(), Gauge::default());
        let pushes = Family::default();
        let (push_queue, push_window) = (Family::default(), Family::default());
        let (push_under_way, push_held) = (Family::default(), Family::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_seconds", "Time to answer", seconds.clone());
        registry.register(
            "db_waiting_reads",
            "Reads in the queue",
            waiting_reads.clone(),
        );
        registry.register(
            "db_waiting_writes",
            "Writes in the queue",
            waiting_writes.clone(),
        );
        registry.register("push_attempts", "Pushes tried, by outcome", pushes.clone());
        registry.register(
            "push_queue",
            "Pushes that wait, by lane and state",
            push_queue.clone(),
        );
        registry.register(
            "push_window",
            "Sends that may be under way at once",
            push_window.clone(),
        );
        registry.register(
            "push_under_way",
            "Sends that are under way",
            push_under_way.clone(),
        );
        registry.register(
            "push_held_seconds",
            "How long the provider asked to be left alone yet",
            push_held.clone(),
        );
        Metrics {
            registry,
            requests,
            seconds,
            waiting_reads,
            waiting_writes,
            pushes,
            push_queue,
            push_window,
            push_under_way,
            push_held,
        }
    }
}

impl Metrics {
    pub fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        self.requests
            .get_or_create(&Route {
                route: route.to_owned(),
                method: method.to_owned(),
                status,
            })
            .inc();
        self.seconds.observe(took.as_secs_f64());
    }
    pub fn push(&self, provider: &'static str, outcome: &'static str) {
        self.pushes
            .get_or_create(&Outcome { provider, outcome })
            .inc();
    }
    /// Before the queue is told of anew: what is empty now would keep its last count.
    pub fn push_queue_empty(&self) {
        self.push_queue.clear();
    }
    pub fn push_queue(
        &self,
        provider: &'static str,
        lane: &'static str,
        state: &'static str,
        waiting: i64,
    ) {
        let labels = Waiting {
            provider,
            lane,
            state,
        };
        self.push_queue.get_or_create(&labels).set(waiting);
    }
    /// How a provider's engine stands.
    pub fn push_room(
        &self,
        provider: &'static str,
        window: usize,
        under_way: usize,
        held_seconds: u64,
    ) {
        let of = OfProvider { provider };
        let set = |family: &Family<OfProvider, Gauge>, value: i64| {
            family.get_or_create(&of).set(value);
        };
        set(&self.push_window, window as i64);
        set(&self.push_under_way, under_way as i64);
        set(&self.push_held, held_seconds as i64);
    }
    pub fn waiting(&self, (reads, writes): (usize, usize)) {
        self.waiting_reads.set(reads as i64);
        self.waiting_writes.set(writes as i64);
    }
    pub fn text(&self) -> String {
        let mut out = String::new();
        if encode(&mut out, &self.registry).is_err() {
            tracing::warn!("the metrics could not be written");
        }
        out
    }
}
