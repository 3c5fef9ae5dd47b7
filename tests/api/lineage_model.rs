//! Any number of starts, backups and restores in any order, against a model that remembers everything: a
//! cursor that holds speaks of the feed it was given out for, and one that nothing took back holds.

use diesel::connection::SimpleConnection;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::support::feed_reader::{Cursor, put_at};
use crate::support::*;
use qianshou::db::{DbConn, Micros, Target, Uid, connect, migrate, transact};
use qianshou::jobs::sequencer;
use qianshou::sync::lineage;

#[derive(Debug, Clone)]
enum Step {
    /// A change of one of a few records, by a node whose clock is off by so many seconds.
    Write(usize, i64),
    Start(i64),
    /// A phone that stands at this part of the feed gets a cursor.
    Pull(f64),
    Backup,
    /// The server goes on from one of the backups.
    Restore(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let off = -240i64..240;
    prop_oneof![
        8 => (0..6usize, off.clone()).prop_map(|(record, off)| Step::Write(record, off)),
        3 => off.clone().prop_map(Step::Start),
        5 => (0.0..1.0).prop_map(Step::Pull),
        2 => Just(Step::Backup),
        2 => (0..8usize, off).prop_map(|(which, off)| Step::Restore(which, off)),
    ]
}

/// A change at the position of its place in the log: record, version, time.
type Log = Vec<(usize, i64, Micros)>;

/// A cursor and all that the server had done and acknowledged when it was given out.
struct Given {
    cursor: Cursor,
    log: Log,
}

/// What a database has behind it, and so what comes back with a backup of it.
#[derive(Default, Clone)]
struct History {
    log: Log,
    /// Those of the cursors that were given out in it.
    given: Vec<usize>,
}

struct World {
    c: DbConn,
    file: PathBuf,
    now: Micros,
    history: History,
    backups: Vec<(PathBuf, History)>,
    given: Vec<Given>,
}

fn open(file: &std::path::Path) -> DbConn {
    let mut c = connect(&Target::Sqlite(file.display().to_string()), true).unwrap();
    c.batch_execute("PRAGMA synchronous=OFF").unwrap();
    c
}

fn new_file() -> PathBuf {
    scratch().join(format!("lineage{}.db", make::unique()))
}

impl World {
    fn new() -> World {
        static EMPTY: OnceLock<PathBuf> = OnceLock::new();
        let empty = EMPTY.get_or_init(|| {
            let file = new_file();
            migrate::run(&mut open(&file)).unwrap();
            file
        });
        let file = new_file();
        std::fs::copy(empty, &file).unwrap();
        let mut world = World {
            c: open(&file),
            file,
            now: Micros(1_780_000_000_000_000),
            history: History::default(),
            backups: Vec::new(),
            given: Vec::new(),
        };
        world.start(0);
        world
    }

    fn clock(&mut self, off: i64) -> Micros {
        self.now = self.now.plus(20 * Micros::SECOND);
        self.now.plus(off * Micros::SECOND)
    }

    fn start(&mut self, off: i64) {
        let now = self.clock(off);
        transact(&mut self.c, |c| sequencer::note_start(c, now)).unwrap();
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Write(record, off) => {
                let at = self.clock(*off);
                let versions = self.history.log.iter().filter(|w| w.0 == *record);
                let version = versions.count() as i64 + 1;
                let id = Uid(uuid::Uuid::from_u128(*record as u128 + 1));
                put_at(&mut self.c, id, version, at);
                self.history.log.push((*record, version, at));
            }
            Step::Start(off) => self.start(*off),
            Step::Pull(part) => {
                let log = self.history.log.clone();
                let pos = (part * (log.len() + 1) as f64) as i64;
                let lineage = lineage::newest(&mut self.c).unwrap();
                let cursor = Cursor { lineage, pos };
                self.history.given.push(self.given.len());
                self.given.push(Given { cursor, log });
            }
            Step::Backup => {
                let file = new_file();
                let sql = format!("VACUUM INTO '{}'", file.display());
                self.c.batch_execute(&sql).unwrap();
                self.backups.push((file, self.history.clone()));
            }
            Step::Restore(which, off) => {
                let Some((backup, history)) =
                    self.backups.get(which % self.backups.len().max(1)).cloned()
                else {
                    return;
                };
                let file = new_file();
                std::fs::copy(backup, &file).unwrap();
                self.c = open(&file);
                drop(std::fs::remove_file(std::mem::replace(
                    &mut self.file,
                    file,
                )));
                self.history = history;
                self.start(*off);
            }
        }
    }

    fn check(&mut self) {
        let log = &self.history.log;
        for (n, Given { cursor, log: then }) in self.given.iter().enumerate() {
            let pos = cursor.pos as usize;
            let same = log.len() >= pos && log[..pos] == then[..pos];
            let holds = cursor.holds(&mut self.c);
            assert!(same || !holds, "{cursor:?} holds for another feed");
            let undisturbed = self.history.given.contains(&n);
            assert!(holds || !undisturbed, "{cursor:?} does not hold");
            if !holds {
                let told = lineage::restored_at(&mut self.c, cursor.lineage).unwrap();
                for write in then.iter().filter(|w| !log.contains(w)) {
                    assert!(write.2 > told, "{write:?} is lost, and was before {told}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn cursors_hold_as_long_as_they_are_true(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            if matches!(step, Step::Restore(..)) {
                world.check();
            }
        }
        world.check();
        for (file, _) in &world.backups {
            drop(std::fs::remove_file(file));
        }
        drop(std::fs::remove_file(&world.file));
    }
}
