-- How far what was sealed under older field keys has been moved under the newest: one row a column.
-- `position` is the last row looked at in this pass; `moved` counts over all passes, `found` in this one.
CREATE TABLE key_moves (
  place TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  key_id BIGINT NOT NULL,
  pass BIGINT NOT NULL,
  position UUID NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  found BIGINT NOT NULL,
  moved BIGINT NOT NULL,
  unreadable BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  finished_at BIGINT
);
