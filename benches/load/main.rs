//! `cargo bench --bench load`: the running server under load, beside the bare limit.
//!
//! Starts the release binary on each database with one real city, registers
//! residents through the API, reads and lists them, with 64 kept connections;
//! then the same rows through a bare handler (no sign-in, no checks, no crypto)
//! on the same database facade, in the same run. What counts are the ratios.
//!
//! `QIANSHOU_BENCH_SECONDS` (default 8) is the length of each measurement.
//! PostgreSQL runs in a cluster that the benchmark starts from the installed
//! programs and removes again; where there are none it is left out, and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod load;
mod peer;
mod setup;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).map(String::as_str) == Some("--peer") {
        return peer::run(&arguments[2], &arguments[3]);
    }
    let seconds = std::env::var("QIANSHOU_BENCH_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(8);
    let length = Duration::from_secs(seconds);
    println!("| database | workload | server/s | p50 ms | p95 ms | p99 ms | bare/s | ratio |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for database in support::databases("") {
        let fixture = setup::Fixture::new(&database);
        let server = fixture.serve();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let base = server.address.clone();
        let create = runtime.block_on(load::run(&base, length, |n| fixture.create(n)));
        let ids = fixture.ids(1000);
        let read = runtime.block_on(load::run(&base, length, |n| {
            fixture.read(&ids[n % ids.len()])
        }));
        let list = runtime.block_on(load::run(&base, length, |_| fixture.list()));
        drop(server);
        let peer = fixture.peer();
        let base = peer.address.clone();
        let bare_create = runtime.block_on(load::run(&base, length, |_| {
            support::http::request("POST", "/create", "", b"{}")
        }));
        let bare_read = runtime.block_on(load::run(&base, length, |n| {
            support::http::request("GET", &format!("/read/{}", ids[n % ids.len()]), "", b"")
        }));
        let bare_list = runtime.block_on(load::run(&base, length, |_| {
            support::http::request("GET", "/list", "", b"")
        }));
        drop(peer);
        for (name, ours, bare) in [
            ("create a resident", create, bare_create),
            ("read by id", read, bare_read),
            ("list of 50", list, bare_list),
        ] {
            println!(
                "| {} | {name} | {:.0} | {:.2} | {:.2} | {:.2} | {:.0} | {:.2} |",
                fixture.name(),
                ours.per_second(),
                ours.percentile(0.50),
                ours.percentile(0.95),
                ours.percentile(0.99),
                bare.per_second(),
                ours.per_second() / bare.per_second()
            );
        }
    }
}
