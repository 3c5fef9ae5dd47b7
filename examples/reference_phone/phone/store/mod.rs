//! The phone's own SQLite file.
//!
//! It holds people's data and the only copy of work that was not sent yet. So what is deleted is
//! overwritten, a commit reaches the disk before it counts, and a real app keeps the file encrypted
//! (SQLCipher or the system's file protection), which this example leaves to it.

pub mod book;
mod columns;
pub mod meta;
pub mod operations;
pub mod records;
mod state;

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

pub use columns::{Id, Json};
pub use operations::Operation;
pub use records::Record;
pub use state::State;

use super::error::Result;

pub type Db = SqliteConnection;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS records (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  view TEXT NOT NULL,
  areas TEXT NOT NULL,
  body TEXT NOT NULL,
  pulled_at INTEGER NOT NULL,
  era INTEGER NOT NULL,
  brought INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE TABLE IF NOT EXISTS operations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  op_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  record_id TEXT NOT NULL,
  parent_id TEXT,
  base_version INTEGER,
  changed TEXT NOT NULL,
  before TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  ever_sent INTEGER NOT NULL,
  result TEXT,
  answered_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS operations_by_record ON operations (record_id);
CREATE INDEX IF NOT EXISTS operations_by_state ON operations (state, seq);
CREATE TABLE IF NOT EXISTS arrivals (
  op_id TEXT NOT NULL,
  device TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (op_id, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receipts (
  day TEXT NOT NULL,
  device TEXT NOT NULL,
  receipt TEXT NOT NULL,
  operations INTEGER NOT NULL,
  agreed INTEGER NOT NULL,
  PRIMARY KEY (day, device)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

pub fn open(path: &Path) -> Result<Db> {
    let mut c = Db::establish(&path.to_string_lossy())?;
    c.batch_execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
         PRAGMA busy_timeout = 5000;",
    )?;
    c.batch_execute(SCHEMA)?;
    Ok(c)
}
