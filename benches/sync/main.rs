//! `cargo bench --bench sync`: the figures of sync, each beside its aim.
//!
//! Phones push over HTTP to the server as its users run it, a process of its own, and in the same run the same
//! rows go bare into the same database; then a city of residents is pulled, by phones that have everything
//! and by phones that have nothing. What counts are the ratios, and on a quiet machine the aims.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a
//! cluster that the benchmark starts from the installed programs and removes again; where there are none it
//! is left out, and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bare;
mod city;
mod delta;
mod first;
mod lag;
#[path = "../../examples/reference_phone/phone/mod.rs"]
mod phone;
mod profile;
mod push;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod wire;
mod work;

use settings::Settings;
use support::environment;
use support::report::{self, Report};

fn main() {
    let settings = Settings::from_environment();
    let mut report = Report::default();
    for database in support::databases("-c track_commit_timestamp=on") {
        let name = database.name();
        if !environment::wants(name) {
            continue;
        }
        // What of a run to leave out: `QIANSHOU_BENCH_PARTS`, of push,profile,lag,pull.
        if environment::part("push") {
            push::measure(&database, &settings, &mut report);
        }
        if environment::part("profile") {
            profile::measure(&database, &settings, &mut report);
        }
        if environment::part("lag") && name == "PostgreSQL" {
            lag::measure(&database, &settings, &mut report);
        }
        if environment::part("pull") {
            let little = city::City::little(&database, &settings);
            let large = city::City::large(&database, &settings);
            delta::measure(name, &little, &large, &settings, &mut report);
            first::measure(name, &large, &settings, &mut report);
            delta::measure_town(name, &large, &settings, &mut report);
        }
    }
}
