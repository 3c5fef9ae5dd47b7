-- One row an operation a phone pushed: what became of it, for 400 days. No body, no answer.
CREATE TABLE sync_operations (
  user_id UUID NOT NULL REFERENCES users(id),
  op_id UUID NOT NULL,
  device_id UUID REFERENCES devices(id),
  kind TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  record_id UUID NOT NULL,
  body_mac BYTEA NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('applied','merged','conflict','held','quarantined','rejected')),
  version BIGINT,
  problem TEXT COLLATE "C",
  resting_id UUID,
  made_at BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (user_id, op_id)
);
CREATE INDEX sync_operations_by_device ON sync_operations (device_id, at);
CREATE INDEX sync_operations_by_time ON sync_operations (at);

-- Work that could not be done as it came and waits for a record, for a coordinator or for a choice. Its body
-- is sealed under a key of its own, which goes with the body when the work is settled.
CREATE TABLE sync_resting (
  id UUID PRIMARY KEY NOT NULL,
  cause TEXT COLLATE "C" NOT NULL CHECK (cause IN ('held','quarantined','conflict')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','applied','rejected','declined','kept_server','took_phone','expired')),
  user_id UUID NOT NULL REFERENCES users(id),
  device_id UUID REFERENCES devices(id),
  op_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  record_id UUID NOT NULL,
  parent_id UUID,
  base_version BIGINT,
  fields TEXT COLLATE "C" NOT NULL,
  waits_for UUID,
  waits_also UUID,
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  data_key BYTEA,
  body BYTEA,
  problem TEXT COLLATE "C",
  made_at BIGINT NOT NULL,
  seen_pos BIGINT NOT NULL,
  next_try_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  settled_by UUID REFERENCES users(id),
  settled_at BIGINT,
  created_at BIGINT NOT NULL,
  CHECK ((data_key IS NULL) = (body IS NULL)),
  CHECK ((state = 'open') = (settled_at IS NULL)),
  CHECK (state = 'open' OR body IS NULL)
);
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
  device_id UUID PRIMARY KEY NOT NULL REFERENCES devices(id),
  user_id UUID NOT NULL REFERENCES users(id),
  last_push_at BIGINT,
  last_pull_at BIGINT,
  backlog BIGINT NOT NULL,
  clock_skew_ms BIGINT,
  updated_at BIGINT NOT NULL
);

-- Whose data came onto whose phone: one row a person, user and day.
CREATE TABLE disclosures (
  record_id UUID NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  day TEXT COLLATE "C" NOT NULL,
  view TEXT COLLATE "C" NOT NULL CHECK (view IN ('full','masked')),
  kind TEXT COLLATE "C" NOT NULL,
  device_id UUID REFERENCES devices(id),
  at BIGINT NOT NULL,
  PRIMARY KEY (record_id, user_id, day, view)
);
CREATE INDEX disclosures_by_day ON disclosures (day);

-- What is in no area and nobody's own is everybody's.
CREATE INDEX changes_of_everybody ON changes (pos) WHERE county IS NULL AND town IS NULL AND village IS NULL AND assignee IS NULL;
CREATE INDEX feed_lineage_by_time ON feed_lineage (at, start_pos);
CREATE INDEX changes_gone ON changes (at) WHERE op <> 'upsert';
