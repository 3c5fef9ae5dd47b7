//! The reports of a county, asked for one after the other by its coordinator.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::Value;

use super::county::County;
use super::desk::{Desk, Times};
use super::report::Report;
use super::settings::Settings;
use super::support::http;
use qianshou::db::schema::insurance_quarters;

/// Milliseconds.
const AIM: f64 = 300.0;
/// Until the quarters are closed.
const PATIENCE: Duration = Duration::from_secs(1800);

fn ask(
    name: &'static str,
    what: &str,
    county: &County,
    path: &str,
    settings: &Settings,
    report: &mut Report,
) -> Value {
    let desk = Desk::at(county.address());
    let request = http::request("GET", path, &county.coordinator.token, b"");
    let (answer, first) = desk.send(&request);
    let mut times = Times::default();
    for _ in 0..settings.samples {
        times.add(desk.send(&request).1);
    }
    report.aim(
        name,
        format!("{what}, p50 / p95"),
        times.told(),
        "p95 < 300 ms",
        times.p95() < AIM,
    );
    let first = first.as_secs_f64() * 1000.0;
    report.tell(name, "… the first one", format!("{first:.1} ms"));
    answer
}

/// The statistics of insurance, once the quarters are closed, which the server does as it starts.
pub fn statistics(
    name: &'static str,
    county: &mut County,
    settings: &Settings,
    report: &mut Report,
) {
    let (quarter, began) = (county.quarter.to_string(), Instant::now());
    loop {
        let closed: i64 = insurance_quarters::table
            .filter(insurance_quarters::quarter.eq(&quarter))
            .filter(insurance_quarters::province.eq(county.area.province))
            .count()
            .get_result(&mut county.c)
            .unwrap();
        if closed > 0 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "no quarter is closed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let what = format!("closing eight quarters of {} policies", settings.policies);
    let took = began.elapsed().as_secs_f64();
    report.tell(name, what, format!("{took:.1} s"));
    let code = &county.area.code;
    for by in ["town", "village"] {
        let path =
            format!("/v1/insurance-statistics?area={code}&quarter={quarter}&by={by}&limit=200");
        let what = format!("statistics of insurance of a county, by {by}");
        let answer = ask(name, &what, county, &path, settings, report);
        let figures = &answer["total"]["figures"];
        assert_eq!(figures["policies_begun"], settings.policies, "{figures}");
        let paid = settings.claims.div_ceil(2);
        assert_eq!(figures["claims_paid"], paid, "{figures}");
    }
}

/// Coverage is counted when it is asked for.
pub fn coverage(name: &'static str, county: &mut County, settings: &Settings, report: &mut Report) {
    let (code, quarter) = (&county.area.code, county.quarter);
    for by in ["town", "village"] {
        let path =
            format!("/v1/supervision/coverage?area={code}&quarter={quarter}&by={by}&limit=200");
        let what = format!("coverage of a county, by {by}");
        let answer = ask(name, &what, county, &path, settings, report);
        let total = &answer["total"];
        assert_eq!(total["homes"], settings.homes, "{total}");
        assert_eq!(total["households_overdue"], settings.overdue, "{total}");
    }
}
