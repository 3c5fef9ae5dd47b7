//! What pull gives is exactly what REST shows, whoever works where, whatever happened in between.
//!
//! Users of different roles work at random; assignments come and go, people move, consents are given and
//! withdrawn. Each user has a phone that pulls after every few steps, one that pulls seldom and may be cut off
//! in the midst of it, and now and then a new one. Whenever a phone has pulled to the end it holds what REST
//! shows its user at that moment: every record, its version, every field.
//!
//! `QIANSHOU_TEST_SEED=7` plays one seed again, `QIANSHOU_TEST_SEEDS=100` tries the first hundred.

mod rest;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::syncing::*;
use crate::support::*;
use qianshou::sync::Kind;
use world::World;

/// Steps of one run, and how many of them pass between two pulls.
const STEPS: usize = 72;
const BETWEEN: usize = 6;

/// Kinds of reference data: they stand in no list of one's own records.
const REFERENCE: &[&str] = &["area", "possession_kind", "service_kind", "consent_text"];

/// Randomness that a seed brings back (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.below(from.len())])
    }
}

/// Says how to play it again, when it fails.
struct Seed(u64, Backend);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Seed(seed, backend) = self;
            loud(&format!(
                "QIANSHOU_TEST_SEED={seed} plays this again ({backend:?})"
            ));
        }
    }
}

fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().map(|n| n.parse().unwrap());
    match (number("QIANSHOU_TEST_SEED"), number("QIANSHOU_TEST_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(many)) => (1..=many).collect(),
        (None, None) => vec![1, 2, 3],
    }
}

/// What differs between a phone and REST, record by record.
fn difference(phone: &Pocket, rest: &rest::Shown) -> Vec<String> {
    let held: BTreeMap<_, _> = phone
        .records
        .iter()
        .filter(|((kind, _), _)| !REFERENCE.contains(&kind.as_str()))
        .collect();
    let mut found = Vec::new();
    for (key, record) in rest {
        match held.get(key) {
            None => found.push(format!("{key:?} is missing")),
            Some(kept) if kept.record != *record => {
                found.push(format!("{key:?} is {}, not {record}", kept.record));
            }
            Some(kept) if record["version"] != kept.version => {
                found.push(format!("{key:?} says version {}", kept.version));
            }
            Some(_) => {}
        }
    }
    for key in held.keys().filter(|key| !rest.contains_key(*key)) {
        found.push(format!("{key:?} is held still"));
    }
    found
}

fn agree(what: &str, phone: &Pocket, rest: &rest::Shown, world: &World) {
    let found = difference(phone, rest);
    assert!(
        found.is_empty(),
        "{what} of {}:\n{}\nafter\n{}",
        phone.client.login,
        found.join("\n"),
        world.told.join("\n")
    );
}

/// A user's phones: one that pulls often, one that pulls seldom.
struct Phones {
    often: Pocket,
    seldom: Pocket,
}

/// What a run met: kinds of records that were compared, and what phones were told to do with them.
type Met = BTreeSet<String>;

async fn play(app: &TestApp, seed: u64, met: &mut Met) {
    let _seed = Seed(seed, app.backend);
    let mut dice = Dice(seed);
    let mut world = World::new(app).await;
    let phones_of = |client: &Client| Phones {
        often: Pocket::new(client),
        seldom: Pocket::new(client),
    };
    let mut phones: Vec<Phones> = world.users.iter().map(phones_of).collect();
    for step in 1..=STEPS {
        world.step(app, &mut dice).await;
        if step % BETWEEN != 0 {
            continue;
        }
        numbered(app).await;
        for Phones { often, seldom } in &mut phones {
            let mut shown = None;
            often.limit = [3, 20, 500][dice.below(3)];
            if !dice.once_in(4) {
                for change in often.pull().await {
                    met.insert(change["op"].as_str().unwrap().to_owned());
                }
                let rest = rest::shown(&often.client).await;
                agree("the phone", often, &rest, &world);
                met.extend(rest.keys().map(|(kind, _)| kind.clone()));
                shown = Some(rest);
            }
            seldom.limit = 1 + dice.below(9);
            match dice.below(6) {
                // It was cut off.
                0 => drop(seldom.page().await),
                1 => {
                    seldom.pull().await;
                    let rest = match shown.take() {
                        Some(rest) => rest,
                        None => rest::shown(&seldom.client).await,
                    };
                    agree("the phone that pulls seldom", seldom, &rest, &world);
                    let mut new = Pocket::new(&seldom.client);
                    new.pull().await;
                    agree("a new phone", &new, &rest, &world);
                }
                _ => {}
            }
        }
    }
    for Phones { often, seldom } in &mut phones {
        often.pull().await;
        seldom.pull().await;
        let rest = rest::shown(&often.client).await;
        agree("the phone, at last,", often, &rest, &world);
        agree(
            "the phone that pulls seldom, at last,",
            seldom,
            &rest,
            &world,
        );
    }
}

fn played(backend: Backend) {
    let (mut met, seeds) = (Met::new(), seeds());
    for seed in &seeds {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            return;
        }
        let of_run = actix_web::rt::System::new().block_on(async move {
            let app = TestApp::start(backend, Vec::new()).await;
            let mut of_run = Met::new();
            play(&app, *seed, &mut of_run).await;
            app.stop().await;
            of_run
        });
        met.extend(of_run);
    }
    // A few runs do not meet everything, but enough of it to be a test.
    let ops = ["upsert", "left", "revoked", "delete"];
    let kinds = Kind::ALL.iter().map(Kind::as_str);
    let missed: Vec<&str> = ops
        .into_iter()
        .chain(kinds)
        .filter(|one| !met.contains(*one))
        .collect();
    let most = match seeds.len() {
        1 => usize::MAX,
        2..10 => 4,
        _ => 0,
    };
    assert!(missed.len() <= most, "without {missed:?} it is no test");
}

#[test]
fn phones_hold_what_rest_shows_sqlite() {
    played(Backend::Sqlite);
}

#[test]
fn phones_hold_what_rest_shows_postgres() {
    played(Backend::Postgres);
}
