//! How many operations a second phones can push, beside the bare insert of the same rows.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::bare::{self, Sample};
use super::report::{Report, percentile, step};
use super::settings::Settings;
use super::support::http::Connection;
use super::support::{Database, runtime, settled};
use super::work::{self, Member, Work};

/// Connections that write to PostgreSQL, as the server's configuration has them.
const WRITERS: usize = 8;

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    for work in [Work::Day, Work::Registrations] {
        one(database, work, settings, report);
    }
}

/// The phones' pushes, made ready: of each phone in their order.
pub fn pack(
    work: Work,
    members: &[Member],
    pushes: usize,
    settings: &Settings,
) -> Vec<Vec<Vec<u8>>> {
    let packed = |member: &Member| {
        let one = |_| work::request(member, &work::pack(work, member, settings.batch));
        (0..pushes).map(one).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<&[Member]> = members.chunks(members.len().div_ceil(threads)).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || part.iter().map(packed).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// Pushes of phones, all at once, and how each fared.
pub struct Pushed {
    pub took: Duration,
    /// Milliseconds of each push.
    pub latencies: Vec<f64>,
    /// Answers that asked to come again.
    pub refused: usize,
}

/// Each phone sends its pushes one after the other.
pub async fn push(
    connections: &mut [Connection],
    phones: &[Vec<Vec<u8>>],
    operations: usize,
) -> Pushed {
    let began = Instant::now();
    let all = connections
        .iter_mut()
        .zip(phones)
        .map(|(connection, pushes)| async move {
            let (mut latencies, mut refused) = (Vec::with_capacity(pushes.len()), 0);
            for bytes in pushes {
                let sent = Instant::now();
                loop {
                    let (status, body) = connection.exchange(bytes).await;
                    if status == 503 {
                        // Nothing was lost; a phone waits longer, a benchmark does not.
                        refused += 1;
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                    let done = count(body, b"\"outcome\":\"applied\"")
                        + count(body, b"\"original\":\"applied\"");
                    assert!(
                        status == 200 && done == operations,
                        "{status}: {done} of {operations} were done: {}",
                        String::from_utf8_lossy(&body[..body.len().min(2000)])
                    );
                    break;
                }
                latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
            }
            (latencies, refused)
        });
    let all = join_all(all).await;
    let took = began.elapsed();
    let refused = all.iter().map(|(_, refused)| refused).sum();
    let latencies = all.into_iter().flat_map(|(latencies, _)| latencies);
    Pushed {
        took,
        latencies: latencies.collect(),
        refused,
    }
}

fn count(body: &[u8], what: &[u8]) -> usize {
    let first = |w: &&[u8]| *w == what;
    body.windows(what.len()).filter(first).count()
}

pub async fn connect(address: &str, count: usize) -> Vec<Connection> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open(address).await);
    }
    connections
}

fn one(database: &Database, work: Work, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let place = format!("push_{}", work as u8);
    let (fixture, members) = work::members(database, &place, settings.phones);
    let pushes = settings
        .operations
        .div_ceil(settings.phones * settings.batch * settings.rounds)
        .max(1);
    // One round more: the first is not counted.
    let packed = step("the reference phone packs", || {
        pack(work, &members, pushes * (settings.rounds + 1), settings)
    });
    let server = fixture.serve();
    let runtime = runtime();
    let mut connections = runtime.block_on(connect(&server.address, settings.phones));
    let mut c = fixture.connect();
    let mut round = |n: usize| {
        let part: Vec<Vec<Vec<u8>>> = packed
            .iter()
            .map(|phone| phone[n * pushes..(n + 1) * pushes].to_vec())
            .collect();
        runtime.block_on(push(&mut connections, &part, settings.batch))
    };
    round(0);
    settled(&mut c);
    let sample = Sample::learn(&mut c, pushes * settings.phones);
    let writers = if c.is_sqlite() { 1 } else { WRITERS };
    let (mut pushed, mut stored) = (Duration::ZERO, Duration::ZERO);
    let (mut latencies, mut refused) = (Vec::new(), 0);
    for n in 1..=settings.rounds {
        let done = round(n);
        pushed += done.took;
        latencies.extend(done.latencies);
        refused += done.refused;
        settled(&mut c);
        stored += bare::run(&fixture, &sample, pushes * settings.phones, writers);
        settled(&mut c);
    }
    latencies.sort_unstable_by(f64::total_cmp);
    let operations = (settings.rounds * pushes * settings.phones * settings.batch) as f64;
    let ours = operations / pushed.as_secs_f64();
    let bare = operations / stored.as_secs_f64();
    let what = format!("push, {}, operations/s", work.name());
    let (aim, least) = if c.is_sqlite() {
        ("≥ 15,000", 15_000.0)
    } else {
        ("≥ 6,000", 6_000.0)
    };
    if work == Work::Day {
        report.aim(name, what, format!("{ours:.0}"), aim, ours >= least);
    } else {
        report.tell(name, what, format!("{ours:.0}"));
    }
    let what = format!("… of the bare insert of the same rows ({bare:.0}/s)");
    let ratio = ours / bare;
    report.aim(name, what, format!("{ratio:.2}"), "≥ 0.5", ratio >= 0.5);
    let at = |p| percentile(&latencies, p).unwrap_or(f64::NAN);
    report.tell(
        name,
        format!("… one push of {}, p50 / p95", settings.batch),
        format!("{:.0} / {:.0} ms", at(0.50), at(0.95)),
    );
    report.tell(name, "… rows of one push", sample.describe());
    if refused > 0 {
        report.tell(name, "… pushes asked to come again", refused.to_string());
    }
}
