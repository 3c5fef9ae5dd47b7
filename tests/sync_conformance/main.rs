//! The conformance kit of sync: what any client and any server must get through without losing work, case
//! by case. README.md says what each promises, and how to run them against a server of one's own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
mod check;
mod handset;
mod line;
mod people;
#[path = "../../examples/reference_phone/phone/mod.rs"]
mod phone;
#[allow(dead_code)] // shared with the model test of pull
#[path = "../api/pull_model/rest.rs"]
mod rest;
#[allow(dead_code, unused_imports, unused_macros)] // the tests of the API use the rest of it
#[path = "../api/support/mod.rs"]
mod support;
mod target;

use std::future::Future;
use std::pin::Pin;

use handset::Handset;
use people::Kit;
use support::*;
use target::{Foreign, Power, Target};

/// Plays on a server and answers the phones that took part: what holds at the end of every case is checked
/// of all of them.
pub type Run = for<'a> fn(&'a Kit) -> Pin<Box<dyn Future<Output = Vec<Handset>> + 'a>>;

pub struct Case {
    pub name: &'static str,
    /// In words that an app team and an operator understand alike.
    pub promise: &'static str,
    /// Without these there is nothing of it to try.
    pub needs: &'static [Power],
    pub run: Run,
}

async fn play(case: &Case, target: Target) {
    let kit = Kit::open(target, case.name).await;
    let lacking = case.needs.iter().find(|power| !kit.has(**power));
    match lacking {
        Some(power) => kit.left_out(&format!("all of it, it needs the power {power:?}")),
        None => {
            let mut phones = (case.run)(&kit).await;
            check::at_rest(&kit, &mut phones).await;
        }
    }
    kit.close().await;
}

fn own(case: &Case, backend: Backend) {
    // A run that is meant for another server must not pass by what it shows of this one.
    assert!(
        !Foreign::meant(),
        "{} names the only server of this run: cargo test --test sync_conformance foreign -- --ignored",
        target::URL
    );
    if backend == Backend::Postgres && postgres::cluster().is_none() {
        // Said once, loudly, by `cluster`; in CI it is a failure there.
        return;
    }
    actix_web::rt::System::new().block_on(async { play(case, Target::own(backend).await).await });
}

fn foreign(case: &Case) {
    let target = Target::Foreign(Foreign::from_environment());
    actix_web::rt::System::new().block_on(play(case, target));
}

/// README.md lists the cases as they are: in their order, each with its promise.
#[test]
fn the_readme_tells_of_every_case() {
    let readme = include_str!("README.md");
    let headings: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'))
        .collect();
    let names: Vec<&str> = cases::ALL.iter().map(|case| case.name).collect();
    assert_eq!(headings, names);
    for case in cases::ALL {
        let heading = format!("### `{}`", case.name);
        let section = readme.split(&heading).nth(1).unwrap();
        let section = section.split("\n### ").next().unwrap();
        for part in [case.promise, "**The client**", "**What comes out**"] {
            assert!(section.contains(part), "{}: {part}", case.name);
        }
        for power in case.needs {
            let said = format!("Needs the power `{power:?}`");
            assert!(section.contains(&said), "{}: {said}", case.name);
        }
    }
}
