-- People: the only place where names, phones, addresses and document numbers stand,
-- each encrypted under the data key of the person or the household.

CREATE TABLE households (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('local','migrant')),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  data_key BLOB NOT NULL,
  address BLOB,
  contact_person_id BLOB,
  state TEXT NOT NULL CHECK (state IN ('active','erased')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX households_by_county ON households (county, id);
CREATE INDEX households_by_town ON households (town, id);
CREATE INDEX households_by_village ON households (village, id);
CREATE INDEX households_by_assignee ON households (assignee, id);
CREATE INDEX households_by_registrar ON households (registered_by, id);

CREATE TABLE persons (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  household_id BLOB REFERENCES households(id),
  data_key BLOB NOT NULL,
  name BLOB NOT NULL,
  phone BLOB,
  phone_index BLOB,
  address BLOB,
  document_kind TEXT,
  document BLOB,
  document_index BLOB,
  sex TEXT NOT NULL CHECK (sex IN ('male','female','unknown','unspecified')),
  birth_year INTEGER CHECK (birth_year BETWEEN 1900 AND 2100),
  language TEXT,
  contact_hours TEXT,
  state TEXT NOT NULL CHECK (state IN ('active','restricted','erased','merged')),
  merged_into BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((document IS NULL) = (document_kind IS NULL)),
  CHECK ((phone IS NULL) = (phone_index IS NULL))
) STRICT;
CREATE INDEX persons_by_phone ON persons (phone_index);
CREATE INDEX persons_by_document ON persons (document_index);
CREATE INDEX persons_by_household ON persons (household_id);

CREATE TABLE consent_texts (
  purpose TEXT NOT NULL,
  text_version INTEGER NOT NULL,
  language TEXT NOT NULL CHECK (language IN ('zh-CN','en')),
  purpose_text TEXT NOT NULL,
  manner_text TEXT NOT NULL,
  kinds_text TEXT NOT NULL,
  recipient_text TEXT NOT NULL,
  in_force_from TEXT NOT NULL,
  PRIMARY KEY (purpose, text_version, language)
) STRICT;

CREATE TABLE consents (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  purpose TEXT NOT NULL,
  text_version INTEGER NOT NULL,
  language TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('in_person','phone','app')),
  given_by TEXT NOT NULL CHECK (given_by IN ('self','guardian')),
  given_at INTEGER NOT NULL,
  witnessed_by BLOB NOT NULL REFERENCES users(id),
  withdrawn_at INTEGER,
  withdrawn_channel TEXT,
  withdrawal_recorded_by BLOB
) STRICT;
-- One live consent per person and purpose.
CREATE UNIQUE INDEX consents_live ON consents (person_id, purpose) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_by_person ON consents (person_id);

-- The place columns follow the person's, so that a list is one index range.
CREATE TABLE residents (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  person_id BLOB NOT NULL UNIQUE REFERENCES persons(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  assignee BLOB REFERENCES users(id),
  registered_by BLOB NOT NULL REFERENCES users(id),
  home_area_id BLOB REFERENCES areas(id),
  home_area_code TEXT,
  arrived_on TEXT NOT NULL,
  expected_stay TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('work','study','family','business','other')),
  employer BLOB,
  needs TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active','left','restricted','erased')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX residents_by_county ON residents (county, id);
CREATE INDEX residents_by_town ON residents (town, id);
CREATE INDEX residents_by_village ON residents (village, id);
CREATE INDEX residents_by_assignee ON residents (assignee, id);
CREATE INDEX residents_by_registrar ON residents (registered_by, id);

CREATE TABLE residence_episodes (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  resident_id BLOB NOT NULL REFERENCES residents(id),
  person_id BLOB NOT NULL REFERENCES persons(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  address BLOB,
  from_day TEXT NOT NULL,
  to_day TEXT,
  reason TEXT NOT NULL,
  left_reason TEXT CHECK (left_reason IN ('returned_home','moved_elsewhere','work_ended','study_ended','other')),
  created_by BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (to_day IS NULL OR to_day >= from_day)
) STRICT;
CREATE INDEX episodes_by_resident ON residence_episodes (resident_id, id);
-- One stay at a time.
CREATE UNIQUE INDEX episodes_open ON residence_episodes (resident_id) WHERE to_day IS NULL;
