//! What many commands of one transaction share: rows that are written by one statement at the end, and answers
//! that are asked for once.
//!
//! A piece of a push does fifty commands, and each leaves audit entries and feed rows and looks the same village
//! up. To PostgreSQL every statement is a trip. A transaction runs on one thread from its beginning to its end,
//! so what it shares lies there; it is gone when the work is done, has failed or has panicked.

use diesel::pg::PgConnection;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::thread::LocalKey;

use super::DbConn;
use crate::error::AppResult;

/// Rows of one table that wait to be written together.
pub struct Waiting<T: 'static> {
    rows: RefCell<Option<Vec<T>>>,
    write: Write<T>,
}

/// Writes rows, one at least, by one statement.
type Write<T> = fn(&mut PgConnection, Vec<T>) -> AppResult<()>;

impl<T> Waiting<T> {
    pub const fn closed(write: Write<T>) -> Waiting<T> {
        Waiting {
            rows: RefCell::new(None),
            write,
        }
    }
    /// Whether rows wait here now.
    pub fn is_open(&self) -> bool {
        self.rows.borrow().is_some()
    }
    pub fn any(&self, what: impl FnMut(&T) -> bool) -> bool {
        self.rows.borrow().iter().flatten().any(what)
    }
    pub fn add(&self, more: impl IntoIterator<Item = T>) {
        if let Some(rows) = self.rows.borrow_mut().as_mut() {
            rows.extend(more);
        }
    }
    /// Writes what waits so far.
    pub fn flush(&self, c: &mut DbConn) -> AppResult<()> {
        let rows = self.rows.borrow_mut().as_mut().map(std::mem::take);
        match (c, rows) {
            (DbConn::Pg(c), Some(rows)) if !rows.is_empty() => (self.write)(c, rows),
            _ => Ok(()),
        }
    }
}

/// A column of rows, to be bound as an array.
pub fn column<'a, T, V>(rows: &'a [T], of: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(of).collect()
}

/// Does this with rows of `waiting` kept back, and writes them at its end. If it fails they are forgotten, as
/// the transaction forgets what was written: the failure has to end it, or the savepoint around this.
///
/// On SQLite a statement costs no trip, and every row is written at once. Within another such piece of work the rows
/// wait for the end of that one.
pub fn gather<T: 'static, R>(
    c: &mut DbConn,
    waiting: &'static LocalKey<Waiting<T>>,
    f: impl FnOnce(&mut DbConn) -> AppResult<R>,
) -> AppResult<R> {
    if c.is_sqlite() || waiting.with(Waiting::is_open) {
        return f(c);
    }
    waiting.with(|w| *w.rows.borrow_mut() = Some(Vec::new()));
    let _closed = Finally(|| waiting.with(|w| *w.rows.borrow_mut() = None));
    let done = f(c)?;
    waiting.with(|w| w.flush(c))?;
    Ok(done)
}

/// Answers of a question that stay the same while a piece of work is done.
pub struct Answers<K: 'static, V: 'static> {
    known: RefCell<Option<HashMap<K, V>>>,
}

impl<K: Eq + Hash, V: Clone> Answers<K, V> {
    pub const fn none() -> Answers<K, V> {
        Answers {
            known: RefCell::new(None),
        }
    }
    /// The answer that is known, or `ask`'s, which is kept where answers are.
    pub fn or_ask(&self, key: K, ask: impl FnOnce(&K) -> AppResult<V>) -> AppResult<V> {
        let known = self
            .known
            .borrow()
            .as_ref()
            .and_then(|k| k.get(&key).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = ask(&key)?;
        if let Some(known) = self.known.borrow_mut().as_mut() {
            known.insert(key, answer.clone());
        }
        Ok(answer)
    }
}

/// Does this with answers kept; nothing in it may change them.
pub fn remember<K: Eq + Hash, V: Clone, R>(
    answers: &'static LocalKey<Answers<K, V>>,
    f: impl FnOnce() -> R,
) -> R {
    answers.with(|a| *a.known.borrow_mut() = Some(HashMap::new()));
    let _forgotten = Finally(|| answers.with(|a| *a.known.borrow_mut() = None));
    f()
}

/// Runs at the end, however that comes.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
