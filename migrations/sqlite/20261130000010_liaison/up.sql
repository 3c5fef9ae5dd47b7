-- Liaison (协作通报): notices between the area where somebody lives and the one where they are registered.

-- Days that differ from the rule of Monday to Friday, as an operator imported them; the years that came with the
-- program stand in it.
CREATE TABLE work_days (
  day TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('holiday','makeup_workday')),
  published INTEGER NOT NULL,
  title_en TEXT NOT NULL,
  title_zh TEXT NOT NULL,
  imported_at INTEGER NOT NULL
) STRICT;

-- Offices with an installation of their own, whose files are believed.
CREATE TABLE liaison_peers (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  office TEXT NOT NULL,
  area_code TEXT NOT NULL,
  signing_key TEXT NOT NULL,
  sealing_key TEXT NOT NULL,
  key_digest TEXT NOT NULL UNIQUE,
  registered_by BLOB NOT NULL REFERENCES users(id),
  revoked_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- One side's copy of a notice: the sender's (out) and the receiver's (in) share a thread and nothing else.
CREATE TABLE liaison_notices (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('out','in')),
  thread BLOB NOT NULL,
  code TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('registration_notice','acknowledgement','service_referral','information_request','insurance_continuation','departure_notice','arrival_back_notice','residence_transfer')),
  state TEXT NOT NULL CHECK (state IN ('draft','sent','received','accepted','declined','expired','closed')),
  person_id BLOB REFERENCES persons(id),
  regards BLOB,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_code TEXT NOT NULL,
  other_area_code TEXT NOT NULL,
  other_area BLOB REFERENCES areas(id),
  office TEXT,
  peer BLOB REFERENCES liaison_peers(id),
  fields TEXT NOT NULL,
  topics TEXT NOT NULL,
  data_key BLOB,
  note BLOB,
  reply_note BLOB,
  due_days INTEGER NOT NULL,
  due_on TEXT,
  sent_on TEXT,
  received_on TEXT,
  answered_on TEXT,
  closed_because TEXT,
  registered_by BLOB REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (thread, side),
  CHECK ((state = 'closed') = (closed_because IS NOT NULL)),
  CHECK (state IN ('draft','closed') OR due_on IS NOT NULL)
) STRICT;
CREATE INDEX liaison_notices_by_person ON liaison_notices (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX liaison_notices_by_county ON liaison_notices (county, id);
CREATE INDEX liaison_notices_by_town ON liaison_notices (town, id);
CREATE INDEX liaison_notices_by_village ON liaison_notices (village, id);
CREATE INDEX liaison_notices_by_code ON liaison_notices (code);
CREATE INDEX liaison_notices_open ON liaison_notices (id) WHERE state IN ('sent','received');

-- What was told, field by field, under the key of the copy it stands in; without a value it was told and is gone.
CREATE TABLE liaison_fields (
  notice_id BLOB NOT NULL REFERENCES liaison_notices(id),
  field TEXT NOT NULL,
  purpose TEXT NOT NULL,
  value BLOB,
  PRIMARY KEY (notice_id, field)
) STRICT;

-- Which fields somebody agreed to beyond their name and phone, with the consent that they belong to.
CREATE TABLE liaison_scopes (
  consent_id BLOB PRIMARY KEY NOT NULL REFERENCES consents(id),
  fields TEXT NOT NULL,
  noted_by BLOB NOT NULL REFERENCES users(id),
  noted_at INTEGER NOT NULL
) STRICT;

-- Withdrawals that an office outside has to be told of: a code and an office, which lead to nobody.
CREATE TABLE liaison_withdrawals (
  id BLOB PRIMARY KEY NOT NULL,
  thread BLOB NOT NULL,
  code TEXT NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  office TEXT NOT NULL,
  other_area_code TEXT NOT NULL,
  peer BLOB REFERENCES liaison_peers(id),
  fields TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  passed_on_at INTEGER,
  passed_on_by BLOB REFERENCES users(id)
) STRICT;
CREATE INDEX liaison_withdrawals_owed ON liaison_withdrawals (id) WHERE passed_on_at IS NULL;

-- Files and letters that went out or came in: each file comes in once.
CREATE TABLE liaison_files (
  id BLOB PRIMARY KEY NOT NULL,
  thread BLOB NOT NULL,
  peer BLOB REFERENCES liaison_peers(id),
  direction TEXT NOT NULL CHECK (direction IN ('out','in')),
  what TEXT NOT NULL CHECK (what IN ('notice','reply','withdrawal','letter')),
  by_user BLOB NOT NULL REFERENCES users(id),
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX liaison_files_by_thread ON liaison_files (thread);

-- What local households were offered on visits, by township and quarter, as the tally of services is kept: no id,
-- no time, no hidden row number.
CREATE TABLE household_tally (
  area_id BLOB NOT NULL REFERENCES areas(id),
  quarter TEXT NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (area_id, quarter, kind)
) WITHOUT ROWID, STRICT;
CREATE INDEX household_tally_by_quarter ON household_tally (quarter);
