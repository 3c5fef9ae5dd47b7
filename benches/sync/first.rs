//! First syncs: many phones at once, and one with very much.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Deserialize;

use super::city::City;
use super::report::Report;
use super::settings::Settings;
use super::support::http::{self, Connection};
use super::support::{Account, Running, runtime};
use super::wire;

/// Of a page, what a client needs that keeps nothing.
#[derive(Deserialize)]
struct Page<'a> {
    next_cursor: &'a str,
    more: bool,
}

/// Pulls everything and keeps nothing: what the server costs, without what a phone costs.
async fn read_through(address: &str, account: &Account) {
    let mut connection = Connection::open(address).await;
    let mut path = "/v1/sync/pull".to_owned();
    loop {
        let bytes = http::request("GET", &path, &account.token, b"");
        let body = connection.expect(&bytes).await;
        let page: Page<'_> = serde_json::from_slice(body).unwrap();
        if !page.more {
            return;
        }
        path = format!("/v1/sync/pull?cursor={}", page.next_cursor);
    }
}

/// Reference phones of these accounts sync for the first time, on as many threads as there are cores.
fn phones(address: &str, accounts: &[Account]) -> (Duration, Vec<usize>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = accounts.len().div_ceil(threads);
    let began = Instant::now();
    let counts = std::thread::scope(|scope| {
        let running: Vec<_> = accounts
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    let all = part.iter().map(|account| async move {
                        let mut phone = wire::phone(address, account).await;
                        phone.sync().await.unwrap().pulled.upserts
                    });
                    runtime().block_on(join_all(all))
                })
            })
            .collect();
        let done = running.into_iter().flat_map(|t| t.join().unwrap());
        done.collect()
    });
    (began.elapsed(), counts)
}

/// Bytes of memory of the server while something runs: each 20 ms.
fn watched<T>(server: &Running, f: impl FnOnce() -> T) -> (T, Vec<u64>) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = vec![server.memory()];
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
                seen.push(server.memory());
            }
            seen
        });
        let done = f();
        over.store(true, Ordering::Relaxed);
        (done, watching.join().unwrap())
    })
}

/// How much more memory the server may take in the later part of a long pull than in its first quarter.
const FLAT: u64 = 16 * 1024 * 1024;

pub fn measure(name: &'static str, city: &City, settings: &Settings, report: &mut Report) {
    let address = &city.server.address;
    let (took, counts) = phones(address, &city.newcomers);
    let least = counts.iter().min().copied().unwrap_or(0);
    assert!(least >= settings.records / 3 * 3, "each got its records");
    let took = took.as_secs_f64();
    report.aim(
        name,
        format!(
            "{} first syncs of {least} records and more, reference phones, all",
            counts.len()
        ),
        format!("{took:.1} s"),
        "< 20 s",
        took < 20.0,
    );
    let began = Instant::now();
    let all = city.newcomers.iter().map(|a| read_through(address, a));
    runtime().block_on(join_all(all));
    let took = began.elapsed().as_secs_f64();
    report.tell(
        name,
        "… the same by clients that keep nothing",
        format!("{took:.1} s"),
    );
    let Some(coordinator) = &city.coordinator else {
        return;
    };
    let one = std::slice::from_ref(coordinator);
    let ((took, counts), memory) = watched(&city.server, || phones(address, one));
    let took = took.as_secs_f64();
    report.aim(
        name,
        format!(
            "a coordinator's first sync of {} records, reference phone",
            counts[0]
        ),
        format!("{took:.1} s"),
        "< 10 s",
        took < 10.0,
    );
    let began = Instant::now();
    let ((), again) = watched(&city.server, || {
        runtime().block_on(read_through(address, coordinator))
    });
    let took = began.elapsed().as_secs_f64();
    report.tell(
        name,
        "… the same by a client that keeps nothing",
        format!("{took:.1} s"),
    );
    flat(name, &[memory, again].concat(), report);
}

/// Memory is flat when the later part of the pull needs no more than the beginning did.
fn flat(name: &'static str, memory: &[u64], report: &mut Report) {
    let quarter = (memory.len() / 4).max(1);
    let most = |of: &[u64]| of.iter().max().copied().unwrap_or(0);
    let (early, late) = (most(&memory[..quarter]), most(&memory[quarter..]));
    let mib = |bytes: u64| bytes as f64 / 1024.0 / 1024.0;
    report.aim(
        name,
        "… memory of the server process: before, most in the first quarter, most after",
        format!(
            "{:.0}, {:.0}, {:.0} MiB",
            mib(memory[0]),
            mib(early),
            mib(late)
        ),
        "flat (+ 16 MiB)",
        late <= early + FLAT,
    );
}
