-- Liaison (协作通报): notices between the area where somebody lives and the one where they are registered.

-- Days that differ from the rule of Monday to Friday, as an operator imported them; the years that came with the
-- program stand in it.
CREATE TABLE work_days (
  day TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('holiday','makeup_workday')),
  published BOOLEAN NOT NULL,
  title_en TEXT COLLATE "C" NOT NULL,
  title_zh TEXT COLLATE "C" NOT NULL,
  imported_at BIGINT NOT NULL
);

-- Offices with an installation of their own, whose files are believed.
CREATE TABLE liaison_peers (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  office TEXT COLLATE "C" NOT NULL,
  area_code TEXT COLLATE "C" NOT NULL,
  signing_key TEXT COLLATE "C" NOT NULL,
  sealing_key TEXT COLLATE "C" NOT NULL,
  key_digest TEXT COLLATE "C" NOT NULL UNIQUE,
  registered_by UUID NOT NULL REFERENCES users(id),
  revoked_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- One side's copy of a notice: the sender's (out) and the receiver's (in) share a thread and nothing else.
CREATE TABLE liaison_notices (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  side TEXT COLLATE "C" NOT NULL CHECK (side IN ('out','in')),
  thread UUID NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('registration_notice','acknowledgement','service_referral','information_request','insurance_continuation','departure_notice','arrival_back_notice','residence_transfer')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft','sent','received','accepted','declined','expired','closed')),
  person_id UUID REFERENCES persons(id),
  regards UUID,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  other_area_code TEXT COLLATE "C" NOT NULL,
  other_area UUID REFERENCES areas(id),
  office TEXT COLLATE "C",
  peer UUID REFERENCES liaison_peers(id),
  fields TEXT COLLATE "C" NOT NULL,
  topics TEXT COLLATE "C" NOT NULL,
  data_key BYTEA,
  note BYTEA,
  reply_note BYTEA,
  due_days BIGINT NOT NULL,
  due_on TEXT COLLATE "C",
  sent_on TEXT COLLATE "C",
  received_on TEXT COLLATE "C",
  answered_on TEXT COLLATE "C",
  closed_because TEXT COLLATE "C",
  registered_by UUID REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (thread, side),
  CHECK ((state = 'closed') = (closed_because IS NOT NULL)),
  CHECK (state IN ('draft','closed') OR due_on IS NOT NULL)
);
CREATE INDEX liaison_notices_by_person ON liaison_notices (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX liaison_notices_by_county ON liaison_notices (county, id);
CREATE INDEX liaison_notices_by_town ON liaison_notices (town, id);
CREATE INDEX liaison_notices_by_village ON liaison_notices (village, id);
CREATE INDEX liaison_notices_by_code ON liaison_notices (code);
CREATE INDEX liaison_notices_open ON liaison_notices (id) WHERE state IN ('sent','received');

-- What was told, field by field, under the key of the copy it stands in; without a value it was told and is gone.
CREATE TABLE liaison_fields (
  notice_id UUID NOT NULL REFERENCES liaison_notices(id),
  field TEXT COLLATE "C" NOT NULL,
  purpose TEXT COLLATE "C" NOT NULL,
  value BYTEA,
  PRIMARY KEY (notice_id, field)
);

-- Which fields somebody agreed to beyond their name and phone, with the consent that they belong to.
CREATE TABLE liaison_scopes (
  consent_id UUID PRIMARY KEY NOT NULL REFERENCES consents(id),
  fields TEXT COLLATE "C" NOT NULL,
  noted_by UUID NOT NULL REFERENCES users(id),
  noted_at BIGINT NOT NULL
);

-- Withdrawals that an office outside has to be told of: a code and an office, which lead to nobody.
CREATE TABLE liaison_withdrawals (
  id UUID PRIMARY KEY NOT NULL,
  thread UUID NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  office TEXT COLLATE "C" NOT NULL,
  other_area_code TEXT COLLATE "C" NOT NULL,
  peer UUID REFERENCES liaison_peers(id),
  fields TEXT COLLATE "C" NOT NULL,
  asked_at BIGINT NOT NULL,
  passed_on_at BIGINT,
  passed_on_by UUID REFERENCES users(id)
);
CREATE INDEX liaison_withdrawals_owed ON liaison_withdrawals (id) WHERE passed_on_at IS NULL;

-- Files and letters that went out or came in: each file comes in once.
CREATE TABLE liaison_files (
  id UUID PRIMARY KEY NOT NULL,
  thread UUID NOT NULL,
  peer UUID REFERENCES liaison_peers(id),
  direction TEXT COLLATE "C" NOT NULL CHECK (direction IN ('out','in')),
  what TEXT COLLATE "C" NOT NULL CHECK (what IN ('notice','reply','withdrawal','letter')),
  by_user UUID NOT NULL REFERENCES users(id),
  at BIGINT NOT NULL
);
CREATE INDEX liaison_files_by_thread ON liaison_files (thread);

-- What local households were offered on visits, by township and quarter, as the tally of services is kept: no id
-- and no time.
CREATE TABLE household_tally (
  area_id UUID NOT NULL REFERENCES areas(id),
  quarter TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (area_id, quarter, kind)
);
CREATE INDEX household_tally_by_quarter ON household_tally (quarter);
