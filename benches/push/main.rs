//! `cargo bench --bench push`: how fast what waits in the outbox goes out, each figure beside its aim.
//!
//! A gateway in a process of its own stands in for the provider; the server sends to it as its users run it. Before,
//! a bare client sends the same messages to the same gateway, as many at once, and keeps no book; and so with Web Push. Then a campaign is
//! told to everybody who works in a city, the engine's memory is read with few and with many pushes queued, and the
//! API answers while a campaign goes out.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a cluster
//! that the benchmark starts from the installed programs and removes again; where there are none it is left out,
//! and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bare;
mod beside;
mod browsers;
mod campaign;
mod crowd;
mod deliver;
mod provider;
mod settings;
#[path = "../support/mod.rs"]
mod support;

use settings::Settings;
use support::environment;
use support::report::Report;

fn main() {
    let settings = Settings::from_environment();
    let mut report = Report::default();
    for database in support::databases("-c track_commit_timestamp=on") {
        if !environment::wants(database.name()) {
            continue;
        }
        // What of a run to leave out: `QIANSHOU_BENCH_PARTS`, of deliver,browsers,memory,campaign,beside.
        if environment::part("deliver") {
            deliver::measure(&database, &settings, &mut report);
        }
        if environment::part("browsers") {
            browsers::measure(&database, &settings, &mut report);
        }
        if environment::part("memory") {
            deliver::memory(&database, &settings, &mut report);
        }
        if environment::part("campaign") {
            campaign::measure(&database, &settings, &mut report);
        }
        if environment::part("beside") {
            beside::measure(&database, &settings, &mut report);
        }
    }
}
