//! What happened, step by step, for whoever reads a failure; and how often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The history of one seed.
#[derive(Clone, Default)]
pub struct Story(Arc<Mutex<Vec<String>>>);

impl Story {
    pub fn tell(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
    pub fn whole(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// How often what happened, by groups: `faults`, `outcomes`, ….
#[derive(Default, Clone)]
pub struct Tally(BTreeMap<(&'static str, String), u64>);

impl Tally {
    pub fn add(&mut self, group: &'static str, what: impl Into<String>, count: u64) {
        *self.0.entry((group, what.into())).or_default() += count;
    }
    pub fn one(&mut self, group: &'static str, what: impl Into<String>) {
        self.add(group, what, 1);
    }
    pub fn join(&mut self, other: Tally) {
        for ((group, what), count) in other.0 {
            self.add(group, what, count);
        }
    }
    pub fn of(&self, group: &'static str, what: &str) -> u64 {
        let key = (group, what.to_owned());
        self.0.get(&key).copied().unwrap_or(0)
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut last = "";
        for ((group, what), count) in &self.0 {
            if *group != last {
                write!(f, "\n{group}:")?;
                last = group;
            }
            write!(f, " {what} {count},")?;
        }
        Ok(())
    }
}
