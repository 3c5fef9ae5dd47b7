//! Two records of one person: registered twice, found by the job, merged by the coordinator, and parted again.

use serde_json::{Value, json};

use super::city::City;
use super::desk::{Times, post};
use super::report::{Report, step};
use super::settings::Settings;

/// Milliseconds that a merge may take, and its undo.
const AIM: f64 = 50.0;

pub fn measure(name: &'static str, city: &mut City, settings: &Settings, report: &mut Report) {
    let desk = city.desk();
    for n in 0..settings.pairs {
        let (member, body) = city.newcomer();
        desk.send(&post(member, "/v1/residents", &body));
        let mut again = body;
        // Their other number, which nobody else has.
        again["phone"] = json!(format!("15{n:09}"));
        let (answer, _) = desk.send(&post(member, "/v1/residents", &again));
        assert_eq!(answer["warnings"], json!(["duplicate_suspected"]));
    }
    let took = step("the job finds the pairs", || city.at_rest());
    report.tell(
        name,
        format!(
            "{} people registered twice: until the job had found them",
            settings.pairs
        ),
        format!("{:.1} s", took.as_secs_f64()),
    );
    let open = desk.get(&city.coordinator, "/v1/duplicates?state=open&limit=200");
    let found = open["items"].as_array().unwrap();
    let same = |pair: &&Value| pair["why"] == "same_document";
    let pairs: Vec<&Value> = found.iter().filter(same).collect();
    assert_eq!(pairs.len(), settings.pairs, "each was found once");
    let (mut merging, mut parting) = (Times::default(), Times::default());
    for pair in pairs {
        let path = format!("/v1/duplicates/{}", pair["id"].as_str().unwrap());
        let keep = json!({ "keep": pair["records"][0]["person_id"] });
        let (answer, took) = desk.post(&city.coordinator, &format!("{path}/merge"), &keep);
        assert_eq!(answer["state"], "merged");
        merging.add(took);
        let undo = format!("{path}/undo");
        let (answer, took) = desk.post(&city.coordinator, &undo, &json!({}));
        assert_eq!(answer["state"], "open");
        parting.add(took);
    }
    for (what, times) in [("a merge", merging), ("… its undo", parting)] {
        report.aim(
            name,
            format!("{what}, p50 / p95"),
            times.told(),
            "p95 < 50 ms",
            times.p95() < AIM,
        );
    }
    city.at_rest();
}
