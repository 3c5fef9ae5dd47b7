//! `cargo bench --bench assessment`: what the year-end assessment of a whole city costs, and opening its figures.
//!
//! A city of 7 counties, 72 townships and 1,202 villages is filled: an association in each, their posts, members, ratings,
//! works and homes, offices, studies, money, programmes and sites, self-governance; households with policies, claims and
//! care, notices, tallies, visits and activities. Every source reads tables that are full. Then the city's officer asks,
//! one request after the other, for the city's assessment, which counts everything anew, for that of a county and a
//! township, and for the facts behind every figure.
//!
//! `QIANSHOU_BENCH_SMALL=1` tries everything in little. Single sizes: `settings.rs`. PostgreSQL runs in a cluster
//! that the benchmark starts from the installed programs and removes again; where there are none it is left out,
//! and said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod city;
mod helped;
mod offices;
// It belongs to another benchmark, and this one uses a part of it.
#[allow(dead_code)]
#[path = "../people/desk.rs"]
mod desk;
mod questions;
mod settings;
#[path = "../support/mod.rs"]
mod support;

use settings::Settings;
use support::environment;
use support::report::{self, Report};

fn main() {
    let settings = Settings::from_environment();
    let mut report = Report::default();
    for database in support::databases("") {
        let name = database.name();
        if !environment::wants(name) {
            continue;
        }
        let city = city::City::new(&database, &settings);
        questions::measure(name, &city, &settings, &mut report);
    }
}
