//! Claims taken from step to step by many members at once, beside the bare writes of the same rows.

use std::time::Instant;

use serde_json::{Value, json};

use super::bare;
use super::county::County;
use super::desk::{Desk, post};
use super::report::Report;
use super::settings::Settings;
use super::support::http::Connection;
use super::support::{Account, runtime, settled};
use qianshou::db::Micros;
use qianshou::insurance::catalogue::built_in;

/// Of the rate of bare writes.
const AIM: f64 = 0.4;

/// The steps of a claim that is paid.
fn steps(on: &str) -> [(&'static str, Value); 5] {
    let sum = json!({ "amount": "260.00", "currency": "CNY" });
    [
        ("acceptance", json!({ "on": on, "received_on": on })),
        ("review", json!({ "on": on, "complex": false })),
        (
            "determination",
            json!({ "decision": "approved", "decided_on": on, "amount": sum, "insurer_reference": "D-1" }),
        ),
        ("agreement", json!({ "on": on })),
        (
            "payment",
            json!({ "amount": sum, "kind": "full", "paid_on": on, "insurer_reference": "Z-1" }),
        ),
    ]
}

/// A family of the member's, with one policy; answers policy and insured.
fn insured(desk: &Desk, member: &Account, n: usize, today: &str) -> (Value, Value) {
    let household = json!({ "kind": "migrant", "area": member.area.code });
    let (household, _) = desk.post(member, "/v1/households", &household);
    let path = format!(
        "/v1/households/{}/people",
        household["id"].as_str().unwrap()
    );
    let consent = json!({ "purpose": "insurance", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self" });
    let person = json!({ "name": "李芳", "sex": "female", "birth_year": 1988, "phone": format!("139{n:08}"), "consents": [consent] });
    let (person, _) = desk.post(member, &path, &person);
    let policy = json!({ "household_id": household["id"], "product_id": built_in("family-accident"),
        "holder_person_id": person["id"], "payer_person_id": person["id"],
        "insured": [{ "person_id": person["id"], "sum_agreed": true }],
        "starts_on": today, "ends_on": "2099-12-31", "insurer_code": "picc-life" });
    let (policy, _) = desk.post(member, "/v1/policies", &policy);
    (policy["id"].clone(), person["id"].clone())
}

/// A claim reported today; answers its path.
fn reported(desk: &Desk, member: &Account, (policy, person): &(Value, Value), on: &str) -> String {
    let claim = json!({ "policy_id": policy, "insured_person_id": person, "claim_type": "medical",
        "event_on": on, "known_on": on, "reported_on": on });
    let (claim, _) = desk.post(member, "/v1/claims", &claim);
    format!("/v1/claims/{}", claim["id"].as_str().unwrap())
}

pub fn measure(name: &'static str, county: &mut County, settings: &Settings, report: &mut Report) {
    let today = Micros(jiff::Timestamp::now().as_microsecond()).china_day();
    let today = today.to_string();
    let desk = Desk::at(county.address());
    // Of each member's claims all requests are written before the clock runs.
    let mut work: Vec<Vec<Vec<u8>>> = Vec::new();
    for lane in 0..settings.concurrency {
        let member = &county.members[lane % county.members.len()];
        let insured = insured(&desk, member, lane, &today);
        let mut requests = Vec::new();
        for _ in 0..settings.moved.div_ceil(settings.concurrency) {
            let claim = reported(&desk, member, &insured, &today);
            for (step, body) in steps(&today) {
                requests.push(post(member, &format!("{claim}/{step}"), &body));
            }
        }
        work.push(requests);
    }
    settled(&mut county.c);
    let from = Micros(jiff::Timestamp::now().as_microsecond());
    let count: usize = work.iter().map(Vec::len).sum();
    let address = county.address().to_owned();
    let took = runtime().block_on(async {
        let mut lanes = Vec::new();
        for _ in &work {
            lanes.push(Connection::open(&address).await);
        }
        let began = Instant::now();
        let all = work
            .iter()
            .zip(&mut lanes)
            .map(|(requests, lane)| async move {
                for request in requests {
                    lane.expect(request).await;
                }
            });
        futures_util::future::join_all(all).await;
        began.elapsed()
    });
    let rate = count as f64 / took.as_secs_f64();
    report.tell(name, "transitions of claims a second", format!("{rate:.0}"));
    // Whoever gives out the numbers of the feed is the server.
    settled(&mut county.c);
    county.stop();
    let sample = bare::Sample::learn(&mut county.c, from);
    let bare = bare::run(&county.fixture, &sample, settings.concurrency);
    report.tell(
        name,
        format!("… the bare writes of the same rows ({})", sample.describe()),
        format!("{bare:.0}"),
    );
    report.aim(
        name,
        "… of the bare writes",
        format!("{:.2}", rate / bare),
        "0.4",
        rate / bare >= AIM,
    );
}
