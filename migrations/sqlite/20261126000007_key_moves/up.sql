-- How far what was sealed under older field keys has been moved under the newest: one row a column.
-- `position` is the last row looked at in this pass; `moved` counts over all passes, `found` in this one.
CREATE TABLE key_moves (
  place TEXT PRIMARY KEY NOT NULL,
  key_id INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  position BLOB NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  found INTEGER NOT NULL,
  moved INTEGER NOT NULL,
  unreadable INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
