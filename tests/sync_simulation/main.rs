//! A simulation of many days in the field, over HTTP: phones that work offline and sync over a bad network,
//! while others change the same records and assignments come and go. README.md says how to run and replay it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checks;
mod desk;
mod dice;
mod network;
#[path = "../../examples/reference_phone/phone/mod.rs"]
mod phone;
#[path = "../api/pull_model/rest.rs"]
mod rest;
mod story;
#[allow(dead_code)] // the tests of the API use the rest of it
#[path = "../api/support/mod.rs"]
mod support;
mod work;
mod world;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;

use network::Fault;
use qianshou::db::{Micros, connect};
use qianshou::sync::{Kind, kinds};
use story::{Story, Tally};
use support::*;
use world::{COUNTIES, Places};

/// Seeds of an ordinary run, on SQLite and on PostgreSQL.
const SEEDS: [u64; 2] = [200, 50];
/// Where the seeds of PostgreSQL begin: two databases, two histories.
const POSTGRES: u64 = 1_000_000;
/// Servers side by side, each with its own share of the seeds. A server has one seed after the other: what
/// another seed wrote must not stand between two changes of a phone's feed.
const SERVERS: [usize; 2] = [2, 1];
/// So many times the ordinary seeds are played at the most, until everything was met.
const MORE: usize = 3;
/// Differences that are printed of a failure.
const FIRST: usize = 12;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

/// The seeds to play, and whether it is one to be replayed.
fn seeds(backend: Backend) -> (Vec<u64>, bool) {
    if let Some(seed) = number("QIANSHOU_SIMULATION_SEED") {
        return (vec![seed], true);
    }
    let many = number("QIANSHOU_SIMULATION_SEEDS");
    let range = match backend {
        Backend::Sqlite => 1..=many.unwrap_or(SEEDS[0]),
        Backend::Postgres => POSTGRES + 1..=POSTGRES + many.map_or(SEEDS[1], |n| n.div_ceil(4)),
    };
    (range.collect(), false)
}

/// What was wrong with a seed.
struct Failure {
    seed: u64,
    differences: Vec<String>,
}

/// Plays a seed; whatever happens, its history is kept.
async fn played(app: &TestApp, seed: u64, slot: usize, replay: bool) -> Result<Tally, Failure> {
    let story = Story::default();
    let playing = AssertUnwindSafe(world::play(app, seed, slot, story.clone()));
    let ended = playing.catch_unwind().await;
    if replay {
        loud(&format!("the history of seed {seed}\n{}", story.whole()));
    }
    match ended {
        Ok(Ok(tally)) => Ok(tally),
        Ok(Err(differences)) => Err(Failure { seed, differences }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
            let differences = vec![format!("it panicked: {}", text.unwrap_or_default())];
            Err(Failure { seed, differences })
        }
    }
}

/// One server, with a county for each of these seeds.
async fn served(backend: Backend, seeds: &[u64], replay: bool) -> Vec<Result<Tally, Failure>> {
    let app = TestApp::start(backend, Vec::new()).await;
    let (mut areas, _) = qianshou::areas::import::load(&assets("areas-3304")).unwrap();
    areas.extend(Places::listed());
    let mut c = connect(&app.target, true).unwrap();
    qianshou::areas::import::store(&mut c, &areas, Micros(1), "simulation", |_| ()).unwrap();
    let mut all = Vec::with_capacity(seeds.len());
    for (slot, seed) in seeds.iter().enumerate() {
        all.push(played(&app, *seed, slot, replay).await);
    }
    app.stop().await;
    all
}

/// Plays these seeds one after the other, until the servers that some of them share have seen a failure.
fn shared(backend: Backend, seeds: &[u64], replay: bool) -> Vec<Result<Tally, Failure>> {
    let mut all = Vec::with_capacity(seeds.len());
    for some in seeds.chunks(COUNTIES) {
        all.extend(actix_web::rt::System::new().block_on(served(backend, some, replay)));
        if all.iter().any(Result::is_err) {
            break;
        }
    }
    all
}

/// Plays these seeds on as many servers as there are for this database.
fn all(backend: Backend, seeds: &[u64], replay: bool) -> Vec<Result<Tally, Failure>> {
    let share = seeds
        .len()
        .div_ceil(SERVERS[usize::from(backend == Backend::Postgres)]);
    std::thread::scope(|scope| {
        let shares: Vec<_> = seeds
            .chunks(share)
            .map(|share| scope.spawn(move || shared(backend, share, replay)))
            .collect();
        let shares = shares.into_iter().map(|share| share.join().unwrap());
        shares.flatten().collect()
    })
}

fn run(backend: Backend) {
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        return;
    }
    let (begun, (mut seeds, replay)) = (Instant::now(), seeds(backend));
    let ordinary = seeds.len();
    let (mut tally, mut played) = (Tally::default(), 0);
    let lacks = loop {
        let mut failures = Vec::new();
        for one in all(backend, &seeds, replay) {
            match one {
                Ok(of_seed) => tally.join(of_seed),
                Err(failure) => failures.push(failure),
            }
        }
        played += seeds.len();
        if let Some(text) = complaint(backend, failures) {
            panic!("{text}");
        }
        let lacks = match replay {
            true => Vec::new(),
            false => missing(&tally, ordinary as u64),
        };
        // What is rare may be met by the next ones; what cannot happen any more is not.
        let next = seeds.last().map_or(0, |last| last + 1);
        if lacks.is_empty() || played >= MORE * ordinary {
            break lacks;
        }
        seeds = (next..next + ordinary.div_ceil(4) as u64).collect();
    };
    let seconds = begun.elapsed().as_secs_f64();
    loud(&format!(
        "{backend:?}: {played} seeds in {seconds:.1} s{tally}"
    ));
    assert!(lacks.is_empty(), "{played} seeds never met {lacks:?}");
}

/// What failed, and how to see it again.
fn complaint(backend: Backend, mut failures: Vec<Failure>) -> Option<String> {
    failures.sort_by_key(|failure| failure.seed);
    let first = failures.first()?;
    let others: Vec<String> = failures
        .iter()
        .skip(1)
        .map(|f| format!("\nand seed {}: {}", f.seed, f.differences[0]))
        .collect();
    let test = format!("{backend:?}").to_lowercase();
    Some(format!(
        "seed {seed} fails\n\
         replay: QIANSHOU_SIMULATION_SEED={seed} cargo test --test sync_simulation -- --exact {test} --nocapture\n\
         the first of {count} differences:\n  {shown}{others}",
        seed = first.seed,
        others = others.concat(),
        count = first.differences.len(),
        shown = first
            .differences
            .iter()
            .take(FIRST)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n  ")
    ))
}

/// A simulation that meets nothing proves nothing: each fault, each outcome, each command really occurred.
/// Few seeds need not meet what is rare. Answers what did not.
fn missing(tally: &Tally, seeds: u64) -> Vec<String> {
    let mut missing = Vec::new();
    if seeds < SEEDS[1] {
        return missing;
    }
    let mut wants = |group: &'static str, what: &str| {
        if tally.of(group, what) == 0 {
            missing.push(format!("{group}: {what}"));
        }
    };
    for fault in Fault::ALL {
        wants("faults", fault.word());
    }
    for outcome in [
        "applied",
        "merged",
        "conflict",
        "held",
        "quarantined",
        "rejected",
        "duplicate",
    ] {
        wants("results", outcome);
    }
    for kind in Kind::ALL {
        let commands = kinds::of(*kind).commands;
        if !commands.is_empty() {
            wants("kinds applied", kind.as_str());
        }
        for command in commands.iter().filter(|_| seeds >= SEEDS[0]) {
            wants("applied", &format!("{kind} {}", command.action));
        }
    }
    for step in [
        "enrolments",
        "works",
        "syncs",
        "late",
        "desk",
        "reassigns",
        "starts",
        "clock",
        "tidies",
        "revoked",
    ] {
        wants("steps", step);
    }
    for done in [
        "amends",
        "moves",
        "assigns",
        "returns",
        "sends",
        "release",
        "decline",
        "resolution",
        "begins",
        "ends",
    ] {
        // What needs a conflict or a quarantine that somebody settles is rare in few seeds.
        let rare = ["release", "decline", "resolution", "assigns", "sends"].contains(&done);
        if !rare || seeds >= SEEDS[0] {
            wants("desk", done);
        }
    }
    missing
}

#[test]
fn sqlite() {
    run(Backend::Sqlite);
}

#[test]
fn postgres() {
    run(Backend::Postgres);
}
