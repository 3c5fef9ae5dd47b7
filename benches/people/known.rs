//! Registering somebody, who may be known already, and looking somebody up: in a city of few and in one of many.

use serde_json::{Value, json};

use super::bare::{self, Sample};
use super::city::City;
use super::desk::{Desk, Times, post};
use super::report::{Report, step};
use super::settings::Settings;
use super::support::{Account, Database, Fixture, people, registration, settled, villages};
use qianshou::auth::policy::Role;

/// Requests before those that count.
const WARM: usize = 20;
/// How much more many residents may cost than few.
const RATIO: f64 = 1.5;

pub fn measure(
    database: &Database,
    little: &mut City,
    large: &mut City,
    settings: &Settings,
    report: &mut Report,
) {
    let name = database.name();
    let registering = compare(
        name,
        "registering a resident with document and phone",
        (&mut *little, &mut *large),
        settings,
        report,
        register,
    );
    let took = step("the search for duplicates has looked at them", || {
        little.at_rest() + large.at_rest()
    });
    report.tell(
        name,
        "… until the job had compared them, both cities'",
        format!("{:.1} s", took.as_secs_f64()),
    );
    bare_registration(database, settings, report, registering);
    for (what, body) in [
        ("looking up by phone", by_phone as fn(usize) -> Value),
        ("looking up by document", by_document),
    ] {
        compare(
            name,
            what,
            (&mut *little, &mut *large),
            settings,
            report,
            |city, desk, n| {
                // Across the whole township, so that no page of an index is always the same.
                let who = n * 7919 % city.area;
                let (answer, took) =
                    desk.post(&city.coordinator, "/v1/residents/look-up", &body(who));
                assert_eq!(answer["known_in_area"], true, "{who}: {answer}");
                took
            },
        );
    }
}

fn register(city: &mut City, desk: &Desk, _: usize) -> std::time::Duration {
    let (member, body) = city.newcomer();
    let (answer, took) = desk.send(&post(member, "/v1/residents", &body));
    assert_eq!(answer["warnings"], json!([]), "{answer}");
    took
}

fn by_phone(n: usize) -> Value {
    json!({ "phone": format!("13{n:09}") })
}

fn by_document(n: usize) -> Value {
    json!({ "document": { "kind": "resident_id", "number": people::document(n) } })
}

/// The same in both cities by turns; answers the middle of the large one's times, in milliseconds.
fn compare(
    name: &'static str,
    what: &str,
    (little, large): (&mut City, &mut City),
    settings: &Settings,
    report: &mut Report,
    mut one: impl FnMut(&mut City, &Desk, usize) -> std::time::Duration,
) -> f64 {
    let mut cities = [(little, Times::default()), (large, Times::default())];
    for round in 0..=settings.rounds {
        // The first turn is not counted.
        let count = match round {
            0 => WARM,
            _ => settings.samples.div_ceil(settings.rounds),
        };
        for (city, times) in &mut cities {
            let desk = city.desk();
            for n in 0..count {
                let took = one(city, &desk, round * settings.samples + n);
                if round > 0 {
                    times.add(took);
                }
            }
        }
    }
    let [(little, few), (large, many)] = cities;
    report.tell(
        name,
        format!("{what}, {} residents, p50 / p95", little.residents),
        few.told(),
    );
    report.tell(
        name,
        format!("… {} residents", large.residents),
        many.told(),
    );
    let ratio = many.p95() / few.p95();
    report.aim(
        name,
        "… p95 of the large city to the small one",
        format!("{ratio:.2}"),
        "≤ 1.5",
        ratio <= RATIO,
    );
    many.at(0.50)
}

/// What the same rows cost by prepared statements, a transaction for each, in an empty database.
fn bare_registration(
    database: &Database,
    settings: &Settings,
    report: &mut Report,
    registering: f64,
) {
    let fixture = Fixture::new(database, "bare");
    let mut c = fixture.connect();
    let village = villages(&mut c).swap_remove(0);
    let member = Account::new(&fixture, &mut c, Role::FieldMember, &village);
    let server = fixture.serve();
    let desk = Desk::at(&server.address);
    for n in 0..WARM {
        desk.post(&member, "/v1/residents", &registration(n, &village.code));
    }
    // Whoever gives out the numbers of the feed is the server.
    settled(&mut c);
    drop(server);
    let sample = Sample::learn(&mut c, WARM);
    let took = bare::run(&fixture, &sample, settings.samples, 1);
    let bare = took.as_secs_f64() * 1000.0 / settings.samples as f64;
    report.tell(
        database.name(),
        format!("… the bare insert of its rows, {}, mean", sample.describe()),
        format!("{bare:.2} ms"),
    );
    report.tell(
        database.name(),
        "… p50 of the large city to that",
        format!("{:.2}", registering / bare),
    );
}
