//! `cargo bench --bench funds`: what booking an entry of the care fund's ledger costs, beside the bare writes of the
//! same rows.
//!
//! A city's townships each have an association. Clerks book entries of two to four lines at once, each of a township
//! of their own, by requests that were written before. Then the rows that this wrote (entries, lines, the audit) are
//! written once more by prepared statements and nothing else, a transaction for each entry. Last, a year's trial balance
//! and balances are asked for, one request after the other.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a cluster
//! that the benchmark starts from the installed programs and removes again; where there are none it is left out,
//! and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bare;
// It belongs to another benchmark, and this one uses a part of it.
#[allow(dead_code)]
#[path = "../people/desk.rs"]
mod desk;
mod postings;
mod settings;
#[path = "../support/mod.rs"]
mod support;

use settings::Settings;
use support::environment;
use support::report::{self, Report};

fn main() {
    let settings = Settings::from_environment();
    let mut report = Report::default();
    for database in support::databases("-c track_commit_timestamp=on") {
        if environment::wants(database.name()) {
            postings::measure(&database, &settings, &mut report);
        }
    }
}
