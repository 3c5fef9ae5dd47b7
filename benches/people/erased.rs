//! Erasing people who have everything that a record can have: a stay after another, a household, a visit with what
//! was said, a policy, a claim.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::city::{City, id};
use super::desk::{Desk, Times, post};
use super::report::Report;
use super::settings::Settings;
use super::support::{Account, http, runtime};
use qianshou::db::schema::persons;
use qianshou::db::{Db, DbConn, Uid};
use qianshou::people::model::PersonState;
use qianshou::privacy::erasure::{self, Cause, store};
use qianshou::state::{App, Clock};

/// Milliseconds that an erasure may take.
const AIM: f64 = 2_000.0;
/// When one is given up.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn measure(name: &'static str, city: &mut City, settings: &Settings, report: &mut Report) {
    let desk = city.desk();
    let mut people: Vec<(Account, Uid)> = (0..2 * settings.erased)
        .map(|_| everything(city, &desk))
        .collect();
    city.at_rest();
    let mut times = Times::default();
    for (member, person) in people.split_off(settings.erased) {
        times.add(asked(city, &desk, &member, person));
    }
    report.aim(
        name,
        "an erasure, from its acceptance to its end, with the job's turn of a second, p50 / p95",
        times.told(),
        "< 2 s",
        times.at(1.0) < AIM,
    );
    // The same by the job alone, in this process, while no server has its turn.
    city.stop();
    let people: Vec<Uid> = people.into_iter().map(|(_, person)| person).collect();
    let times = alone(city, &people);
    report.aim(
        name,
        "… the job's own time, p50 / p95",
        times.told(),
        "< 2 s",
        times.at(1.0) < AIM,
    );
}

/// The person's request, told to a member and accepted by the coordinator: how long until nobody can be found behind
/// their row.
fn asked(city: &mut City, desk: &Desk, member: &Account, person: Uid) -> Duration {
    let ask = json!({ "person_id": person, "kind": "erasure", "asked_by": "self", "channel": "in_person" });
    let (request, _) = desk.post(member, "/v1/privacy-requests", &ask);
    let path = format!("/v1/privacy-requests/{}/acceptance", id(&request, "id"));
    let bytes = post(&city.coordinator, &path, &json!({}));
    let began = Instant::now();
    desk.send(&bytes);
    while state(&mut city.c, person) != PersonState::Erased {
        assert!(began.elapsed() < PATIENCE, "{person} is not erased");
        std::thread::sleep(Duration::from_millis(1));
    }
    began.elapsed()
}

fn state(c: &mut DbConn, person: Uid) -> PersonState {
    persons::table
        .find(person)
        .select(persons::state)
        .first(c)
        .unwrap()
}

/// What the server's job does, with a database and keys as the server has them.
fn alone(city: &mut City, people: &[Uid]) -> Times {
    let served = &city.fixture.app;
    let config: Arc<_> = served.config.clone();
    let mut times = Times::default();
    runtime().block_on(async {
        let db = Db::open(config.db_options().unwrap()).unwrap();
        let app = App::new(db, served.vault.clone(), config, Clock::default());
        let app = web::Data::new(app);
        for person in people.iter().copied() {
            let now = app.clock.now();
            let ask = move |c: &mut DbConn| store::ask(c, person, Cause::Requested, now);
            app.db.write(ask).await.unwrap();
            let began = Instant::now();
            while erasure::run(&app).await.unwrap() {}
            times.add(began.elapsed());
        }
    });
    for person in people {
        assert_eq!(state(&mut city.c, *person), PersonState::Erased);
    }
    times
}

/// Somebody of whom there is everything; answers who registered them, and the person.
fn everything(city: &mut City, desk: &Desk) -> (Account, Uid) {
    let (member, mut body) = city.newcomer();
    let member = member.clone();
    let consents = [
        "registration",
        "insurance",
        "service_follow_up",
        "sensitive_documents",
    ];
    let consent = |purpose: &&str| json!({ "purpose": purpose, "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self" });
    body["consents"] = consents.iter().map(consent).collect();
    let (resident, _) = desk.post(&member, "/v1/residents", &body);
    let person = id(&resident, "person_id");
    let household = lives_with(desk, &member, person);
    let visit = json!({ "household_id": household, "purpose": "routine", "started_at": hours_ago(5),
        "needs_voiced": ["employment"], "needs_note": "想学缝纫机维修",
        "opinions": [{ "topic": "services", "text": "希望夜校开到九点", "answer_owed": true }],
        "follow_ups": [{ "due_on": in_two_weeks(), "task": "带夜校的课表去" }] });
    desk.post(&member, "/v1/visits", &visit);
    insured(desk, &member, household, person);
    let moved = json!({ "area": member.area.code, "from_day": "2026-06-01", "reason": "work" });
    let stays = format!("/v1/residents/{}/residences", id(&resident, "id"));
    desk.post(&member, &stays, &moved);
    (member, person)
}

fn lives_with(desk: &Desk, member: &Account, person: Uid) -> Uid {
    let home = json!({ "kind": "migrant", "area": member.area.code });
    let (home, _) = desk.post(member, "/v1/households", &home);
    let home = id(&home, "id");
    let path = format!("/v1/households/{home}/people/{person}");
    desk.send(&http::request("PUT", &path, &member.token, b""));
    home
}

fn insured(desk: &Desk, member: &Account, household: Uid, person: Uid) {
    let policy = json!({
        "household_id": household,
        "product_id": qianshou::insurance::catalogue::built_in("family-accident"),
        "holder_person_id": person,
        "payer_person_id": person,
        "insured": [{ "person_id": person, "sum_agreed": true }],
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "insurer_code": "picc-life",
        "policy_number": "BXD-77-2026"
    });
    let (policy, _) = desk.post(member, "/v1/policies", &policy);
    let claim = json!({
        "policy_id": policy["id"],
        "insured_person_id": person,
        "claim_type": "medical",
        "event_on": "2026-03-01",
        "known_on": "2026-03-01",
        "reported_on": "2026-03-02",
        "description": "上班路上摔伤了手"
    });
    let key = format!("idempotency-key: {person}\r\n");
    let bytes = http::request_with(
        "POST",
        "/v1/claims",
        &member.token,
        &key,
        claim.to_string().as_bytes(),
    );
    desk.send(&bytes);
}

fn hours_ago(hours: i64) -> Value {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    json!(at.to_string())
}

fn in_two_weeks() -> Value {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(14 * 24);
    json!(at.to_string()[..10])
}
