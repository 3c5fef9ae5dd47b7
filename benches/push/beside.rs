//! The API while a campaign goes out, beside itself at rest.

use std::time::{Duration, Instant};

use super::campaign::{city, schedule};
use super::crowd;
use super::provider::Gateway;
use super::settings::Settings;
use super::support::report::{Report, percentile, step};
use super::support::{Account, Database, Fixture, http, registration, runtime, villages};
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

const TIMES: f64 = 2.0;

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let gateway = Gateway::start();
    let fixture = Fixture::new(database, "beside");
    let mut c = fixture.connect();
    step("a city of members", || {
        crowd::fill(&fixture, &mut c, settings.people)
    });
    let (area, village) = (city(&mut c), villages(&mut c).swap_remove(0));
    let [author, other] =
        [(); 2].map(|()| Account::new(&fixture, &mut c, Role::CampaignOrganiser, &area));
    let member = Account::new(&fixture, &mut c, Role::FieldMember, &village);
    let server = gateway.serve(&fixture, settings.concurrency);
    asked(&server.address, &member, 50, 0);
    let rest = asked(&server.address, &member, settings.requests, 1_000);
    let at = fixture.app.clock.now().plus(Micros::SECOND);
    schedule(&server.address, &author, &other, at);
    std::thread::sleep(Duration::from_millis(1_500));
    // Fanning out, and then sending: what ramps over a minute is under way all the while.
    let busy = asked(&server.address, &member, settings.requests, 1_000_000);
    for (what, n) in [("reading", 0), ("registering", 1)] {
        let (at_rest, beside) = (rest[n], busy[n]);
        report.tell(
            name,
            format!("{what}, p95 at rest / beside a campaign"),
            format!("{at_rest:.2} / {beside:.2} ms"),
        );
        let ratio = beside / at_rest;
        report.aim(
            name,
            "… beside to at rest",
            format!("{ratio:.2}"),
            "≤ 2",
            ratio <= TIMES,
        );
    }
    drop(server);
}

/// Registers and reads by turns; the 95th percentiles of reading and of registering, in milliseconds.
fn asked(address: &str, member: &Account, count: usize, from: usize) -> [f64; 2] {
    runtime().block_on(async {
        let mut connection = http::Connection::open(address).await;
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for n in 0..count {
            let body = registration(from + n, &member.area.code).to_string();
            let write = http::request("POST", "/v1/residents", &member.token, body.as_bytes());
            let began = Instant::now();
            let made: serde_json::Value =
                serde_json::from_slice(connection.expect(&write).await).unwrap();
            writes.push(began.elapsed().as_secs_f64() * 1000.0);
            let path = format!("/v1/residents/{}", made["id"].as_str().unwrap());
            let read = http::request("GET", &path, &member.token, b"");
            let began = Instant::now();
            connection.expect(&read).await;
            reads.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        [reads, writes].map(|mut times| {
            times.sort_unstable_by(f64::total_cmp);
            percentile(&times, 0.95).unwrap()
        })
    })
}
