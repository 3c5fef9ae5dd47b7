-- One row an operation a phone pushed: what became of it, for 400 days. No body, no answer.
CREATE TABLE sync_operations (
  user_id BLOB NOT NULL REFERENCES users(id),
  op_id BLOB NOT NULL,
  device_id BLOB REFERENCES devices(id),
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  record_id BLOB NOT NULL,
  body_mac BLOB NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('applied','merged','conflict','held','quarantined','rejected')),
  version INTEGER,
  problem TEXT,
  resting_id BLOB,
  made_at INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (user_id, op_id)
) STRICT;
CREATE INDEX sync_operations_by_device ON sync_operations (device_id, at);
CREATE INDEX sync_operations_by_time ON sync_operations (at);

-- Work that could not be done as it came and waits for a record, for a coordinator or for a choice. Its body
-- is sealed under a key of its own, which goes with the body when the work is settled.
CREATE TABLE sync_resting (
  id BLOB PRIMARY KEY NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('held','quarantined','conflict')),
  state TEXT NOT NULL CHECK (state IN ('open','applied','rejected','declined','kept_server','took_phone','expired')),
  user_id BLOB NOT NULL REFERENCES users(id),
  device_id BLOB REFERENCES devices(id),
  op_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  record_id BLOB NOT NULL,
  parent_id BLOB,
  base_version INTEGER,
  fields TEXT NOT NULL,
  waits_for BLOB,
  waits_also BLOB,
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  data_key BLOB,
  body BLOB,
  problem TEXT,
  made_at INTEGER NOT NULL,
  seen_pos INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  settled_by BLOB REFERENCES users(id),
  settled_at INTEGER,
  created_at INTEGER NOT NULL,
  CHECK ((data_key IS NULL) = (body IS NULL)),
  CHECK ((state = 'open') = (settled_at IS NULL)),
  CHECK (state = 'open' OR body IS NULL)
) STRICT;
CREATE INDEX sync_resting_by_user ON sync_resting (user_id, cause, id);
CREATE INDEX sync_resting_by_county ON sync_resting (county, cause, id);
CREATE INDEX sync_resting_by_town ON sync_resting (town, cause, id);
CREATE INDEX sync_resting_by_village ON sync_resting (village, cause, id);
CREATE INDEX sync_resting_by_record ON sync_resting (record_id);
CREATE INDEX sync_resting_by_wait ON sync_resting (waits_for) WHERE settled_at IS NULL;
CREATE INDEX sync_resting_by_other_wait ON sync_resting (waits_also) WHERE settled_at IS NULL;
CREATE INDEX sync_resting_by_try ON sync_resting (next_try_at) WHERE settled_at IS NULL;
CREATE INDEX sync_resting_by_expiry ON sync_resting (expires_at) WHERE settled_at IS NULL;
CREATE INDEX sync_resting_by_settling ON sync_resting (settled_at) WHERE settled_at IS NOT NULL;

-- How a phone's sync fares.
CREATE TABLE device_sync (
  device_id BLOB PRIMARY KEY NOT NULL REFERENCES devices(id),
  user_id BLOB NOT NULL REFERENCES users(id),
  last_push_at INTEGER,
  last_pull_at INTEGER,
  backlog INTEGER NOT NULL,
  clock_skew_ms INTEGER,
  updated_at INTEGER NOT NULL
) STRICT;

-- Whose data came onto whose phone: one row a person, user and day.
CREATE TABLE disclosures (
  record_id BLOB NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  day TEXT NOT NULL,
  view TEXT NOT NULL CHECK (view IN ('full','masked')),
  kind TEXT NOT NULL,
  device_id BLOB REFERENCES devices(id),
  at INTEGER NOT NULL,
  PRIMARY KEY (record_id, user_id, day, view)
) STRICT;
CREATE INDEX disclosures_by_day ON disclosures (day);

-- What is in no area and nobody's own is everybody's.
CREATE INDEX changes_of_everybody ON changes (pos) WHERE county IS NULL AND town IS NULL AND village IS NULL AND assignee IS NULL;
CREATE INDEX feed_lineage_by_time ON feed_lineage (at, start_pos);
CREATE INDEX changes_gone ON changes (at) WHERE op <> 'upsert';
