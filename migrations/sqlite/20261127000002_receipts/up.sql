-- Consents by the person's own receipt: nobody of the staff witnesses them.
CREATE TABLE consents_new (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  purpose TEXT NOT NULL,
  text_version INTEGER NOT NULL,
  language TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('in_person','phone','app','receipt')),
  given_by TEXT NOT NULL CHECK (given_by IN ('self','guardian')),
  given_at INTEGER NOT NULL,
  witnessed_by BLOB REFERENCES users(id),
  withdrawn_at INTEGER,
  withdrawn_channel TEXT,
  withdrawal_recorded_by BLOB,
  CHECK ((channel = 'receipt') = (witnessed_by IS NULL))
) STRICT;
INSERT INTO consents_new SELECT id, version, person_id, purpose, text_version, language, channel, given_by, given_at,
  witnessed_by, withdrawn_at, withdrawn_channel, withdrawal_recorded_by FROM consents;
DROP TABLE consents;
ALTER TABLE consents_new RENAME TO consents;
CREATE UNIQUE INDEX consents_live ON consents (person_id, purpose) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_by_person ON consents (person_id);

-- The codes by which somebody sees what is held about them, hashed.
CREATE TABLE person_receipts (
  id BLOB PRIMARY KEY NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  code_hash BLOB UNIQUE NOT NULL,
  issued_by BLOB NOT NULL REFERENCES users(id),
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  revoked_by BLOB REFERENCES users(id),
  last_used_at INTEGER
) STRICT;
CREATE INDEX person_receipts_by_person ON person_receipts (person_id, id);

-- What people ask about the data held of them (PIPL 45 to 50), and until when it is to be answered.
CREATE TABLE privacy_requests (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  kind TEXT NOT NULL CHECK (kind IN ('access','export','correction','erasure','restriction')),
  asked_by TEXT NOT NULL CHECK (asked_by IN ('self','guardian','relative_of_deceased')),
  channel TEXT NOT NULL CHECK (channel IN ('receipt','in_person','phone')),
  fields TEXT NOT NULL,
  told BLOB,
  state TEXT NOT NULL CHECK (state IN ('asked','accepted','done','refused')),
  due_on TEXT NOT NULL,
  due_provisional INTEGER NOT NULL,
  refusal TEXT,
  refusal_note BLOB,
  registered_by BLOB REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  asked_at INTEGER NOT NULL,
  accepted_at INTEGER,
  accepted_by BLOB REFERENCES users(id),
  answered_at INTEGER,
  answered_by BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((channel = 'receipt') = (registered_by IS NULL))
) STRICT;
CREATE INDEX privacy_requests_by_person ON privacy_requests (person_id, id);
CREATE INDEX privacy_requests_by_county ON privacy_requests (county, id);
CREATE INDEX privacy_requests_by_town ON privacy_requests (town, id);
CREATE INDEX privacy_requests_by_village ON privacy_requests (village, id);
CREATE INDEX privacy_requests_due ON privacy_requests (state, due_on);

-- Rights of people that the association helps with (权益维护): wages, schooling and the like.
CREATE TABLE rights_requests (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  topic TEXT NOT NULL CHECK (topic IN ('wages','schooling','housing','health_service_access','legal_aid','discrimination','other')),
  told BLOB,
  state TEXT NOT NULL CHECK (state IN ('asked','referred','answered','withdrawn')),
  asked_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  due_provisional INTEGER NOT NULL,
  referred_to TEXT,
  referred_office BLOB,
  referred_on TEXT,
  answer BLOB,
  answered_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rights_requests_by_person ON rights_requests (person_id, id);
CREATE INDEX rights_requests_by_county ON rights_requests (county, id);
CREATE INDEX rights_requests_by_town ON rights_requests (town, id);
CREATE INDEX rights_requests_by_village ON rights_requests (village, id);
CREATE INDEX rights_requests_by_assignee ON rights_requests (assignee, id);
CREATE INDEX rights_requests_by_registrar ON rights_requests (registered_by, id);
CREATE INDEX rights_requests_due ON rights_requests (state, due_on);
