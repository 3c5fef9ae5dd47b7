//! `cargo bench --bench insurance`: what reports, claims and an insurer's sheet cost where there are many, each figure
//! beside its aim.
//!
//! A city of many residents is filled, with policies, claims, member homes and follow-ups, most of them in one county.
//! The server closes the quarters that are over; then the county's coordinator asks, one request after the other,
//! for its coverage and for its statistics of insurance. Then members take claims from step to step, and the rows
//! that this wrote are written once more by prepared statements and nothing else. Last, in a city of its own, a sheet
//! is sent with one policy for each of many households, most of them known, some new. It is checked, confirmed and
//! imported; a colleague goes on reading and writing meanwhile, and the server's memory is looked at.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a cluster
//! that the benchmark starts from the installed programs and removes again; where there are none it is left out,
//! and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bare;
mod county;
// It belongs to another benchmark, and this one uses a part of it.
#[allow(dead_code)]
#[path = "../people/desk.rs"]
mod desk;
mod households;
mod import;
mod reports;
mod settings;
mod steps;
#[path = "../support/mod.rs"]
mod support;

use settings::Settings;
use support::Database;
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
        // What of a run to leave out: `QIANSHOU_BENCH_PARTS`, of coverage,claims,transitions,import.
        if ["claims", "coverage", "transitions"]
            .map(environment::part)
            .contains(&true)
        {
            of_a_county(&database, &settings, &mut report);
        }
        if environment::part("import") {
            import::measure(&database, &settings, &mut report);
        }
    }
}

fn of_a_county(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let mut county = county::County::new(database, settings);
    if environment::part("claims") {
        reports::statistics(name, &mut county, settings, report);
    }
    if environment::part("coverage") {
        reports::coverage(name, &mut county, settings, report);
    }
    if environment::part("transitions") {
        steps::measure(name, &mut county, settings, report);
    }
}
