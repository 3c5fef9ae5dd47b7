-- The house: areas, staff, sign-in, audit, the change feed.

-- Facts about this database itself, for example which keys its ciphertexts name.
CREATE TABLE meta (
  key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE area_editions (
  edition INTEGER PRIMARY KEY NOT NULL,
  source TEXT NOT NULL,
  imported_at INTEGER NOT NULL
) STRICT;

-- An area has a stable id; `code` is its code in the newest edition that has it.
CREATE TABLE areas (
  id BLOB PRIMARY KEY NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('province','city','county','town','village')),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  parent_id BLOB REFERENCES areas(id),
  province BLOB NOT NULL,
  city BLOB,
  county BLOB,
  town BLOB,
  village BLOB,
  official INTEGER NOT NULL,
  abolished_on TEXT
) STRICT;
-- A later edition may give the code of an abolished area to another.
CREATE UNIQUE INDEX areas_by_code ON areas (code) WHERE abolished_on IS NULL;
CREATE INDEX areas_abolished ON areas (code) WHERE abolished_on IS NOT NULL;
CREATE INDEX areas_by_parent ON areas (parent_id, code);
-- The counties of a province or city, which every wide assignment is resolved to.
CREATE INDEX areas_by_level ON areas (level, province);
CREATE INDEX areas_by_city ON areas (city, level);
-- A search below an area goes in the order of codes.
CREATE INDEX areas_of_province ON areas (province, code);
CREATE INDEX areas_of_city ON areas (city, code);
CREATE INDEX areas_of_county ON areas (county, code);
CREATE INDEX areas_of_town ON areas (town, code);

-- Every code and name an area ever had, by edition.
CREATE TABLE area_codes (
  area_id BLOB NOT NULL REFERENCES areas(id),
  edition INTEGER NOT NULL REFERENCES area_editions(edition),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  valid_from TEXT,
  valid_to TEXT,
  PRIMARY KEY (code, edition)
) STRICT;
CREATE INDEX area_codes_by_area ON area_codes (area_id, edition);

CREATE TABLE area_changes (
  id BLOB PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('rename','recode','merge','split','transfer','abolish')),
  edition INTEGER NOT NULL REFERENCES area_editions(edition),
  from_area BLOB NOT NULL REFERENCES areas(id),
  to_area BLOB REFERENCES areas(id),
  source TEXT NOT NULL,
  effective_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('applied','waits_for_person')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  login TEXT NOT NULL UNIQUE,
  display_name BLOB NOT NULL,
  password_hash TEXT,
  state TEXT NOT NULL CHECK (state IN ('active','disabled')),
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- What a user may do, where, from when until when.
CREATE TABLE assignments (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  role TEXT NOT NULL CHECK (role IN ('field_member','coordinator','campaign_organiser','officer','care_officer','administrator','auditor')),
  area_id BLOB NOT NULL REFERENCES areas(id),
  county BLOB,
  town BLOB,
  village BLOB,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (ends_at IS NULL OR ends_at > starts_at)
) STRICT;
CREATE INDEX assignments_by_county ON assignments (county, user_id);
CREATE INDEX assignments_by_town ON assignments (town, user_id);
CREATE INDEX assignments_by_village ON assignments (village, user_id);
CREATE INDEX assignments_by_user ON assignments (user_id);
CREATE INDEX assignments_by_area ON assignments (area_id, role);

CREATE TABLE devices (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  installation_id BLOB NOT NULL,
  name TEXT NOT NULL,
  platform TEXT NOT NULL CHECK (platform IN ('android','ios','harmonyos','wechat_mini_program','web')),
  app_version TEXT NOT NULL,
  push_provider TEXT,
  push_token BLOB,
  push_token_index BLOB,
  push_state TEXT NOT NULL CHECK (push_state IN ('none','live','dead')),
  push_changed_at INTEGER,
  push_strikes INTEGER NOT NULL,
  enrolled_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  revoked_at INTEGER,
  updated_at INTEGER NOT NULL,
  UNIQUE (user_id, installation_id)
) STRICT;
CREATE INDEX devices_by_push_token ON devices (push_token_index);

-- A family of refresh tokens. Only keyed hashes of the tokens rest here.
CREATE TABLE sessions (
  id BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  device_id BLOB REFERENCES devices(id),
  token_hash BLOB NOT NULL UNIQUE,
  previous_hash BLOB,
  rotated_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_why TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_previous ON sessions (previous_hash);
CREATE INDEX sessions_by_device ON sessions (device_id);
-- What ended long ago is removed.
CREATE INDEX sessions_by_revocation ON sessions (revoked_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE enrolments (
  id BLOB PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('enrolment','recovery')),
  user_id BLOB NOT NULL REFERENCES users(id),
  code_hash BLOB NOT NULL UNIQUE,
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  device_id BLOB
) STRICT;
CREATE INDEX enrolments_by_user ON enrolments (user_id, created_at);
CREATE INDEX enrolments_by_time ON enrolments (created_at);

-- Wrong passwords in a row, by a keyed hash of the login: counted alike whether there is such an account.
CREATE TABLE sign_in_attempts (
  login_mac BLOB PRIMARY KEY NOT NULL,
  failed INTEGER NOT NULL,
  locked_until INTEGER,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (at);

-- Whose cached rights other nodes must forget.
CREATE TABLE auth_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX auth_events_by_time ON auth_events (at);

-- Ids and codes only: never a name, a number or a text about anybody. What concerns no county has the
-- area it concerns, or the one whose assignment was acted under, so that somebody can read it.
CREATE TABLE audit_entries (
  id BLOB PRIMARY KEY NOT NULL,
  seq INTEGER UNIQUE,
  at INTEGER NOT NULL,
  actor_id BLOB,
  device_id BLOB,
  role TEXT,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_id BLOB NOT NULL,
  county BLOB,
  town BLOB,
  village BLOB,
  area_id BLOB,
  reason TEXT,
  facts TEXT NOT NULL,
  request_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_record ON audit_entries (record_id, id);
CREATE INDEX audit_by_county ON audit_entries (county, id);
CREATE INDEX audit_by_town ON audit_entries (town, id);
CREATE INDEX audit_by_village ON audit_entries (village, id);
CREATE INDEX audit_by_area ON audit_entries (area_id, id);

-- A hash chain over the audit, sealed in batches so that it serialises no writer.
CREATE TABLE audit_seals (
  last_seq INTEGER PRIMARY KEY NOT NULL,
  first_seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;

-- The change feed: the newest change per record and audience.
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  pos INTEGER,
  kind TEXT NOT NULL,
  record_id BLOB NOT NULL,
  audience BLOB NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('upsert','delete','left')),
  version INTEGER NOT NULL,
  view TEXT NOT NULL CHECK (view IN ('full','masked','disclosed')),
  county BLOB,
  town BLOB,
  village BLOB,
  assignee BLOB,
  at INTEGER NOT NULL,
  UNIQUE (record_id, audience, kind)
) STRICT;
-- SQLite has one writer, so positions are handed out in the write itself: the newest plus one.
CREATE INDEX changes_by_pos ON changes (pos);
CREATE INDEX changes_by_county ON changes (county, pos);
CREATE INDEX changes_by_town ON changes (town, pos);
CREATE INDEX changes_by_village ON changes (village, pos);
CREATE INDEX changes_by_assignee ON changes (assignee, pos);

CREATE TABLE feed_lineage (
  id BLOB PRIMARY KEY NOT NULL,
  start_pos INTEGER NOT NULL,
  system_identifier TEXT NOT NULL,
  timeline INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- What a repeated create answers: never the answer itself, only where to render it from.
CREATE TABLE idempotency_keys (
  key_mac BLOB PRIMARY KEY NOT NULL,
  user_id BLOB NOT NULL,
  operation TEXT NOT NULL,
  body_mac BLOB NOT NULL,
  status INTEGER NOT NULL,
  record_id BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_by_time ON idempotency_keys (at);
