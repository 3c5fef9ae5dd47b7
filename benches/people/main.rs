//! `cargo bench --bench people`: what it costs to know people in a city of many, each figure beside its aim.
//!
//! Two cities are filled, one of few residents and one of many; each has a server of its own, as its users run it.
//! Over HTTP, and one request after the other: residents are registered and looked up in both by turns, a
//! coordinator searches a township by name, two records of one person are merged and parted again, and people with
//! everything that a record can have are erased.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a
//! cluster that the benchmark starts from the installed programs and removes again; where there are none it
//! is left out, and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../sync/bare.rs"]
mod bare;
mod city;
mod desk;
mod erased;
mod known;
mod names;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod twins;

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
        let mut little = city::City::new(&database, "little", settings.few, &settings);
        let mut large = city::City::new(&database, "large", settings.residents, &settings);
        // What of a run to leave out: `QIANSHOU_BENCH_PARTS`, of known,names,merge,erasure.
        if environment::part("known") {
            known::measure(&database, &mut little, &mut large, &settings, &mut report);
        }
        // The small city is of no use any more, and its server would only take time from the other.
        drop(little);
        if environment::part("names") {
            names::measure(name, &mut large, &settings, &mut report);
        }
        if environment::part("merge") {
            twins::measure(name, &mut large, &settings, &mut report);
        }
        if environment::part("erasure") {
            erased::measure(name, &mut large, &settings, &mut report);
        }
    }
}
