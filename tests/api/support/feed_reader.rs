//! Somebody who pulls the whole feed, page by page, and remembers what came.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::TestApp;
use qianshou::auth::Place;
use qianshou::db::schema::changes;
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::sync::{Change, Kind, lineage, record_change};

/// A change as it comes to a reader.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Row {
    pub pos: i64,
    pub record: Uid,
    pub version: i64,
    pub op: String,
}

/// The page after a position, of what everybody in a record's area gets. All that a reader knows of the
/// feed comes by this one function.
fn next_page(c: &mut DbConn, after: i64) -> Vec<Row> {
    changes::table
        .filter(changes::audience.eq(Uid::NIL))
        .filter(changes::pos.gt(after))
        .order(changes::pos)
        .limit(PAGE)
        .select((
            changes::pos.assume_not_null(),
            changes::record_id,
            changes::version,
            changes::op,
        ))
        .load(c)
        .unwrap()
}

const PAGE: i64 = 700;

/// How long a test waits for something that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Reader {
    c: DbConn,
    last: i64,
    pub seen: Vec<Row>,
}

impl Reader {
    pub fn of(app: &TestApp) -> Reader {
        Reader::after(0, app.connection())
    }
    pub fn after(last: i64, c: DbConn) -> Reader {
        let seen = Vec::new();
        Reader { c, last, seen }
    }

    /// Pulls until a page is empty; answers how many rows came. Positions only ever rise.
    pub fn pull(&mut self) -> usize {
        let before = self.seen.len();
        loop {
            let page = next_page(&mut self.c, self.last);
            let Some(last) = page.last() else {
                return self.seen.len() - before;
            };
            assert!(page[0].pos > self.last);
            assert!(page.windows(2).all(|w| w[0].pos < w[1].pos), "{page:?}");
            self.last = last.pos;
            self.seen.extend(page);
        }
    }

    /// Pulls on until this record has come.
    pub async fn until(&mut self, record: Uid) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has(record) {
            assert!(Instant::now() < deadline, "{record} never came");
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.pull();
        }
    }

    pub fn has(&self, record: Uid) -> bool {
        self.seen.iter().any(|r| r.record == record)
    }

    /// Pulls until nothing waits for a position. Then everything that stands in the feed has come, at the
    /// position where it stands, and nothing came twice.
    pub async fn missed_and_repeated_nothing(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while waiting(&mut self.c) > 0 {
            assert!(Instant::now() < deadline, "rows without a position");
            self.pull();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.pull();
        let came: HashMap<i64, &Row> = self.seen.iter().map(|r| (r.pos, r)).collect();
        assert_eq!(came.len(), self.seen.len(), "a position came twice");
        let states: HashSet<_> = self.seen.iter().map(|r| (r.record, r.version)).collect();
        assert_eq!(states.len(), self.seen.len(), "a change came twice");
        let mut after = 0;
        loop {
            let page = next_page(&mut self.c, after);
            let Some(last) = page.last() else { return };
            after = last.pos;
            for row in &page {
                assert_eq!(came.get(&row.pos), Some(&row), "this never came");
            }
        }
    }

    /// A cursor as pull gives it out: the newest lineage, and where the reader stands.
    pub fn cursor(&mut self) -> Cursor {
        let lineage = lineage::newest(&mut self.c).unwrap();
        let pos = self.last;
        Cursor { lineage, pos }
    }
}

/// Rows without a position.
pub fn waiting(c: &mut DbConn) -> i64 {
    changes::table
        .filter(changes::pos.is_null())
        .count()
        .get_result(c)
        .unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub lineage: Uid,
    pub pos: i64,
}

/// The newest state of a record that nobody in particular looks after, left in the feed as a command does.
pub fn put(c: &mut DbConn, record: Uid, version: i64) {
    put_at(c, record, version, Micros(0));
}

pub fn put_at(c: &mut DbConn, record: Uid, version: i64, at: Micros) {
    let nowhere = Place::default();
    let change = Change::upsert(Kind::Resident, record, version, nowhere, at);
    record_change(c, change).unwrap();
}

/// Very many of them at once.
pub fn put_many(c: &mut DbConn, count: usize) {
    c.batch_execute(&format!(
        "INSERT INTO changes (kind, record_id, audience, op, version, view, at) \
         SELECT 'resident', gen_random_uuid(), '{}', 'upsert', 1, 'masked', 0 FROM generate_series(1, {count})",
        Uid::NIL
    ))
    .unwrap();
}

impl Cursor {
    pub fn holds(&self, c: &mut DbConn) -> bool {
        lineage::holds(c, self.lineage, self.pos).unwrap()
    }
}
