-- People: the only place where names, phones, addresses and document numbers stand,
-- each encrypted under the data key of the person or the household.

CREATE TABLE households (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('local','migrant')),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  data_key BYTEA NOT NULL,
  address BYTEA,
  contact_person_id UUID,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active','erased')),
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX households_by_county ON households (county, id);
CREATE INDEX households_by_town ON households (town, id);
CREATE INDEX households_by_village ON households (village, id);
CREATE INDEX households_by_assignee ON households (assignee, id);
CREATE INDEX households_by_registrar ON households (registered_by, id);

CREATE TABLE persons (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  household_id UUID REFERENCES households(id),
  data_key BYTEA NOT NULL,
  name BYTEA NOT NULL,
  phone BYTEA,
  phone_index BYTEA,
  address BYTEA,
  document_kind TEXT COLLATE "C",
  document BYTEA,
  document_index BYTEA,
  sex TEXT COLLATE "C" NOT NULL CHECK (sex IN ('male','female','unknown','unspecified')),
  birth_year BIGINT CHECK (birth_year BETWEEN 1900 AND 2100),
  language TEXT COLLATE "C",
  contact_hours TEXT COLLATE "C",
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active','restricted','erased','merged')),
  merged_into UUID,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((document IS NULL) = (document_kind IS NULL)),
  CHECK ((phone IS NULL) = (phone_index IS NULL))
);
CREATE INDEX persons_by_phone ON persons (phone_index);
CREATE INDEX persons_by_document ON persons (document_index);
CREATE INDEX persons_by_household ON persons (household_id);

CREATE TABLE consent_texts (
  purpose TEXT COLLATE "C" NOT NULL,
  text_version BIGINT NOT NULL,
  language TEXT COLLATE "C" NOT NULL CHECK (language IN ('zh-CN','en')),
  purpose_text TEXT COLLATE "C" NOT NULL,
  manner_text TEXT COLLATE "C" NOT NULL,
  kinds_text TEXT COLLATE "C" NOT NULL,
  recipient_text TEXT COLLATE "C" NOT NULL,
  in_force_from TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (purpose, text_version, language)
);

CREATE TABLE consents (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  person_id UUID NOT NULL REFERENCES persons(id),
  purpose TEXT COLLATE "C" NOT NULL,
  text_version BIGINT NOT NULL,
  language TEXT COLLATE "C" NOT NULL,
  channel TEXT COLLATE "C" NOT NULL CHECK (channel IN ('in_person','phone','app')),
  given_by TEXT COLLATE "C" NOT NULL CHECK (given_by IN ('self','guardian')),
  given_at BIGINT NOT NULL,
  witnessed_by UUID NOT NULL REFERENCES users(id),
  withdrawn_at BIGINT,
  withdrawn_channel TEXT COLLATE "C",
  withdrawal_recorded_by UUID
);
-- One live consent per person and purpose.
CREATE UNIQUE INDEX consents_live ON consents (person_id, purpose) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_by_person ON consents (person_id);

-- The place columns follow the person's, so that a list is one index range.
CREATE TABLE residents (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  person_id UUID NOT NULL UNIQUE REFERENCES persons(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  assignee UUID REFERENCES users(id),
  registered_by UUID NOT NULL REFERENCES users(id),
  home_area_id UUID REFERENCES areas(id),
  home_area_code TEXT COLLATE "C",
  arrived_on TEXT COLLATE "C" NOT NULL,
  expected_stay TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL CHECK (reason IN ('work','study','family','business','other')),
  employer BYTEA,
  needs TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active','left','restricted','erased')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX residents_by_county ON residents (county, id);
CREATE INDEX residents_by_town ON residents (town, id);
CREATE INDEX residents_by_village ON residents (village, id);
CREATE INDEX residents_by_assignee ON residents (assignee, id);
CREATE INDEX residents_by_registrar ON residents (registered_by, id);

CREATE TABLE residence_episodes (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  resident_id UUID NOT NULL REFERENCES residents(id),
  person_id UUID NOT NULL REFERENCES persons(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  address BYTEA,
  from_day TEXT COLLATE "C" NOT NULL,
  to_day TEXT COLLATE "C",
  reason TEXT COLLATE "C" NOT NULL,
  left_reason TEXT COLLATE "C" CHECK (left_reason IN ('returned_home','moved_elsewhere','work_ended','study_ended','other')),
  created_by UUID NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (to_day IS NULL OR to_day >= from_day)
);
CREATE INDEX episodes_by_resident ON residence_episodes (resident_id, id);
-- One stay at a time.
CREATE UNIQUE INDEX episodes_open ON residence_episodes (resident_id) WHERE to_day IS NULL;
