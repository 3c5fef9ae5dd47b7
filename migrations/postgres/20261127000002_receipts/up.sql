-- Consents by the person's own receipt: nobody of the staff witnesses them.
ALTER TABLE consents ALTER COLUMN witnessed_by DROP NOT NULL;
ALTER TABLE consents DROP CONSTRAINT consents_channel_check;
ALTER TABLE consents ADD CONSTRAINT consents_channel_check CHECK (channel IN ('in_person','phone','app','receipt'));
ALTER TABLE consents ADD CONSTRAINT consents_witness_check CHECK ((channel = 'receipt') = (witnessed_by IS NULL));

-- The codes by which somebody sees what is held about them, hashed.
CREATE TABLE person_receipts (
  id UUID PRIMARY KEY NOT NULL,
  person_id UUID NOT NULL REFERENCES persons(id),
  code_hash BYTEA UNIQUE NOT NULL,
  issued_by UUID NOT NULL REFERENCES users(id),
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  revoked_by UUID REFERENCES users(id),
  last_used_at BIGINT
);
CREATE INDEX person_receipts_by_person ON person_receipts (person_id, id);

-- What people ask about the data held of them (PIPL 45 to 50), and until when it is to be answered.
CREATE TABLE privacy_requests (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  person_id UUID NOT NULL REFERENCES persons(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('access','export','correction','erasure','restriction')),
  asked_by TEXT COLLATE "C" NOT NULL CHECK (asked_by IN ('self','guardian','relative_of_deceased')),
  channel TEXT COLLATE "C" NOT NULL CHECK (channel IN ('receipt','in_person','phone')),
  fields TEXT COLLATE "C" NOT NULL,
  told BYTEA,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('asked','accepted','done','refused')),
  due_on TEXT COLLATE "C" NOT NULL,
  due_provisional BOOLEAN NOT NULL,
  refusal TEXT COLLATE "C",
  refusal_note BYTEA,
  registered_by UUID REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  asked_at BIGINT NOT NULL,
  accepted_at BIGINT,
  accepted_by UUID REFERENCES users(id),
  answered_at BIGINT,
  answered_by UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((channel = 'receipt') = (registered_by IS NULL))
);
CREATE INDEX privacy_requests_by_person ON privacy_requests (person_id, id);
CREATE INDEX privacy_requests_by_county ON privacy_requests (county, id);
CREATE INDEX privacy_requests_by_town ON privacy_requests (town, id);
CREATE INDEX privacy_requests_by_village ON privacy_requests (village, id);
CREATE INDEX privacy_requests_due ON privacy_requests (state, due_on);

-- Rights of people that the association helps with (权益维护): wages, schooling and the like.
CREATE TABLE rights_requests (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  person_id UUID NOT NULL REFERENCES persons(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  topic TEXT COLLATE "C" NOT NULL CHECK (topic IN ('wages','schooling','housing','health_service_access','legal_aid','discrimination','other')),
  told BYTEA,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('asked','referred','answered','withdrawn')),
  asked_on TEXT COLLATE "C" NOT NULL,
  due_on TEXT COLLATE "C" NOT NULL,
  due_provisional BOOLEAN NOT NULL,
  referred_to TEXT COLLATE "C",
  referred_office BYTEA,
  referred_on TEXT COLLATE "C",
  answer BYTEA,
  answered_on TEXT COLLATE "C",
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX rights_requests_by_person ON rights_requests (person_id, id);
CREATE INDEX rights_requests_by_county ON rights_requests (county, id);
CREATE INDEX rights_requests_by_town ON rights_requests (town, id);
CREATE INDEX rights_requests_by_village ON rights_requests (village, id);
CREATE INDEX rights_requests_by_assignee ON rights_requests (assignee, id);
CREATE INDEX rights_requests_by_registrar ON rights_requests (registered_by, id);
CREATE INDEX rights_requests_due ON rights_requests (state, due_on);
