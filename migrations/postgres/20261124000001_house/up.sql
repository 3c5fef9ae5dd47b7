-- The house: areas, staff, sign-in, audit, the change feed.

-- Facts about this database itself, for example which keys its ciphertexts name.
CREATE TABLE meta (
  key TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE area_editions (
  edition BIGINT PRIMARY KEY NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  imported_at BIGINT NOT NULL
);

-- An area has a stable id; `code` is its code in the newest edition that has it.
CREATE TABLE areas (
  id UUID PRIMARY KEY NOT NULL,
  level TEXT COLLATE "C" NOT NULL CHECK (level IN ('province','city','county','town','village')),
  code TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  parent_id UUID REFERENCES areas(id),
  province UUID NOT NULL,
  city UUID,
  county UUID,
  town UUID,
  village UUID,
  official BOOLEAN NOT NULL,
  abolished_on TEXT COLLATE "C"
);
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
  area_id UUID NOT NULL REFERENCES areas(id),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  code TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  valid_from TEXT COLLATE "C",
  valid_to TEXT COLLATE "C",
  PRIMARY KEY (code, edition)
);
CREATE INDEX area_codes_by_area ON area_codes (area_id, edition);

CREATE TABLE area_changes (
  id UUID PRIMARY KEY NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('rename','recode','merge','split','transfer','abolish')),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  from_area UUID NOT NULL REFERENCES areas(id),
  to_area UUID REFERENCES areas(id),
  source TEXT COLLATE "C" NOT NULL,
  effective_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('applied','waits_for_person')),
  created_at BIGINT NOT NULL
);

CREATE TABLE users (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  login TEXT COLLATE "C" NOT NULL UNIQUE,
  display_name BYTEA NOT NULL,
  password_hash TEXT COLLATE "C",
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active','disabled')),
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- What a user may do, where, from when until when.
CREATE TABLE assignments (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  role TEXT COLLATE "C" NOT NULL CHECK (role IN ('field_member','coordinator','campaign_organiser','officer','care_officer','administrator','auditor')),
  area_id UUID NOT NULL REFERENCES areas(id),
  county UUID,
  town UUID,
  village UUID,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT,
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (ends_at IS NULL OR ends_at > starts_at)
);
CREATE INDEX assignments_by_county ON assignments (county, user_id);
CREATE INDEX assignments_by_town ON assignments (town, user_id);
CREATE INDEX assignments_by_village ON assignments (village, user_id);
CREATE INDEX assignments_by_user ON assignments (user_id);
CREATE INDEX assignments_by_area ON assignments (area_id, role);

CREATE TABLE devices (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  installation_id UUID NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  platform TEXT COLLATE "C" NOT NULL CHECK (platform IN ('android','ios','harmonyos','wechat_mini_program','web')),
  app_version TEXT COLLATE "C" NOT NULL,
  push_provider TEXT COLLATE "C",
  push_token BYTEA,
  push_token_index BYTEA,
  push_state TEXT COLLATE "C" NOT NULL CHECK (push_state IN ('none','live','dead')),
  push_changed_at BIGINT,
  push_strikes BIGINT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  revoked_at BIGINT,
  updated_at BIGINT NOT NULL,
  UNIQUE (user_id, installation_id)
);
CREATE INDEX devices_by_push_token ON devices (push_token_index);

-- A family of refresh tokens. Only keyed hashes of the tokens rest here.
CREATE TABLE sessions (
  id UUID PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  device_id UUID REFERENCES devices(id),
  token_hash BYTEA NOT NULL UNIQUE,
  previous_hash BYTEA,
  rotated_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  revoked_why TEXT COLLATE "C"
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_previous ON sessions (previous_hash);
CREATE INDEX sessions_by_device ON sessions (device_id);
-- What ended long ago is removed.
CREATE INDEX sessions_by_revocation ON sessions (revoked_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE enrolments (
  id UUID PRIMARY KEY NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('enrolment','recovery')),
  user_id UUID NOT NULL REFERENCES users(id),
  code_hash BYTEA NOT NULL UNIQUE,
  created_by UUID NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT,
  device_id UUID
);
CREATE INDEX enrolments_by_user ON enrolments (user_id, created_at);
CREATE INDEX enrolments_by_time ON enrolments (created_at);

-- Wrong passwords in a row, by a keyed hash of the login: counted alike whether there is such an account.
CREATE TABLE sign_in_attempts (
  login_mac BYTEA PRIMARY KEY NOT NULL,
  failed BIGINT NOT NULL,
  locked_until BIGINT,
  at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (at);

-- Whose cached rights other nodes must forget.
CREATE TABLE auth_events (
  seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  user_id UUID NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX auth_events_by_time ON auth_events (at);

-- Ids and codes only: never a name, a number or a text about anybody. What concerns no county has the
-- area it concerns, or the one whose assignment was acted under, so that somebody can read it.
CREATE TABLE audit_entries (
  id UUID PRIMARY KEY NOT NULL,
  seq BIGINT UNIQUE,
  at BIGINT NOT NULL,
  actor_id UUID,
  device_id UUID,
  role TEXT COLLATE "C",
  action TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  record_id UUID NOT NULL,
  county UUID,
  town UUID,
  village UUID,
  area_id UUID,
  reason TEXT COLLATE "C",
  facts TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_record ON audit_entries (record_id, id);
CREATE INDEX audit_by_county ON audit_entries (county, id);
CREATE INDEX audit_by_town ON audit_entries (town, id);
CREATE INDEX audit_by_village ON audit_entries (village, id);
CREATE INDEX audit_by_area ON audit_entries (area_id, id);
CREATE INDEX audit_unsequenced ON audit_entries (id) WHERE seq IS NULL;

-- A hash chain over the audit, sealed in batches so that it serialises no writer.
CREATE TABLE audit_seals (
  last_seq BIGINT PRIMARY KEY NOT NULL,
  first_seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  hash BYTEA NOT NULL
);

-- The change feed: the newest change per record and audience.
CREATE TABLE changes (
  seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  pos BIGINT,
  kind TEXT COLLATE "C" NOT NULL,
  record_id UUID NOT NULL,
  audience UUID NOT NULL,
  op TEXT COLLATE "C" NOT NULL CHECK (op IN ('upsert','delete','left')),
  version BIGINT NOT NULL,
  view TEXT COLLATE "C" NOT NULL CHECK (view IN ('full','masked','disclosed')),
  county UUID,
  town UUID,
  village UUID,
  assignee UUID,
  at BIGINT NOT NULL,
  UNIQUE (record_id, audience, kind)
);
-- SQLite has one writer, so positions are handed out in the write itself: the newest plus one.
CREATE INDEX changes_by_pos ON changes (pos);
CREATE INDEX changes_by_county ON changes (county, pos);
CREATE INDEX changes_by_town ON changes (town, pos);
CREATE INDEX changes_by_village ON changes (village, pos);
CREATE INDEX changes_by_assignee ON changes (assignee, pos);
CREATE INDEX changes_unsequenced ON changes (seq) WHERE pos IS NULL;
CREATE SEQUENCE feed_pos;
CREATE SEQUENCE audit_seq;

CREATE TABLE feed_lineage (
  id UUID PRIMARY KEY NOT NULL,
  start_pos BIGINT NOT NULL,
  system_identifier TEXT COLLATE "C" NOT NULL,
  timeline BIGINT NOT NULL,
  at BIGINT NOT NULL
);

-- What a repeated create answers: never the answer itself, only where to render it from.
CREATE TABLE idempotency_keys (
  key_mac BYTEA PRIMARY KEY NOT NULL,
  user_id UUID NOT NULL,
  operation TEXT COLLATE "C" NOT NULL,
  body_mac BYTEA NOT NULL,
  status BIGINT NOT NULL,
  record_id UUID NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX idempotency_by_time ON idempotency_keys (at);
