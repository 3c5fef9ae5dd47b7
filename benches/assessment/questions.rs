//! What is asked of a city's assessment.

use serde_json::Value;

use super::city::City;
use super::desk::{Desk, Times};
use super::report::Report;
use super::settings::Settings;
use super::support::http;

/// Milliseconds: the whole city, and the facts behind a figure.
const WHOLE: f64 = 2000.0;
const OPENED: f64 = 200.0;

/// Asks so often; answers the first answer and how long each took.
fn ask(desk: &Desk, city: &City, path: &str, times: usize) -> (Value, Times) {
    let request = http::request("GET", path, &city.officer.token, b"");
    let (answer, first) = desk.send(&request);
    let mut took = Times::default();
    took.add(first);
    for _ in 1..times {
        took.add(desk.send(&request).1);
    }
    (answer, took)
}

pub fn measure(name: &'static str, city: &City, settings: &Settings, report: &mut Report) {
    let desk = Desk::at(city.address());
    let year = city.year;
    let mut whole = Value::Null;
    for (area, what) in [
        (
            "3304",
            "the assessment of the city, and the year before, p50 / p95",
        ),
        (
            "330402",
            "the assessment of a county, and the year before, p50 / p95",
        ),
        (
            "330402007",
            "the assessment of a township, and the year before, p50 / p95",
        ),
    ] {
        let path = format!("/v1/assessments/{year}/areas/{area}");
        let (answer, times) = ask(&desk, city, &path, settings.samples);
        // Two years are counted for one answer, so that each is faster than this says.
        report.aim(name, what, times.told(), "p95 < 2 s", times.p95() < WHOLE);
        if area == "3304" {
            whole = answer;
        }
    }
    let members = figure(&whole, "G5");
    assert_eq!(members["of"], settings.members, "{members}");
    let mut slowest = (0.0f64, String::new());
    for indicator in whole["scheme"]["indicators"].as_array().unwrap() {
        for clause in indicator["formula"]["sources"].as_array().unwrap() {
            let (code, source) = (&indicator["code"], &clause["source"]);
            let (code, source) = (code.as_str().unwrap(), source.as_str().unwrap());
            let path = format!(
                "/v1/assessments/{year}/areas/3304/indicators/{code}/facts?source={source}&limit=200"
            );
            let (_, times) = ask(&desk, city, &path, settings.samples.div_ceil(4).max(2));
            if times.p95() > slowest.0 {
                slowest = (times.p95(), format!("{code} {source}: {}", times.told()));
            }
            if times.p95() > OPENED / 2.0 {
                let what = format!("the facts behind {code}, {source}, p50 / p95");
                report.tell(name, what, times.told());
            }
        }
    }
    report.aim(
        name,
        "the facts behind any figure of the city, the slowest, p50 / p95",
        slowest.1,
        "p95 < 200 ms",
        slowest.0 < OPENED,
    );
}

fn figure<'a>(whole: &'a Value, code: &str) -> &'a Value {
    let all = whole["result"]["indicators"].as_array().unwrap();
    let found = all.iter().find(|i| i["code"] == code).unwrap();
    &found["sources"][0]
}
