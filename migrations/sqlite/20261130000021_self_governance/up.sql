-- Self-governance (群众自治) of villages: what they adopt, deliberate, decide, carry out, check and disclose. People are
-- counted and never named.

-- Charters, village agreements and contracts, edition by edition. The paper itself is a photo; no clause is stored.
CREATE TABLE village_texts (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('charter','village_agreement','contract')),
  edition INTEGER NOT NULL CHECK (edition >= 1),
  replaces_id BLOB REFERENCES village_texts(id),
  title TEXT NOT NULL,
  adopted_on TEXT NOT NULL,
  adopted_by TEXT NOT NULL CHECK (adopted_by IN ('villagers_assembly','representatives_assembly','members_assembly')),
  deliberation_id BLOB REFERENCES deliberations(id),
  filed_on TEXT,
  ended_on TEXT,
  ended_because TEXT CHECK (ended_because IN ('replaced','repealed','unlawful','mistaken')),
  evidence TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (replaces_id IS NULL OR replaces_id <> id),
  CHECK (filed_on IS NULL OR filed_on >= adopted_on),
  CHECK (ended_on IS NULL OR ended_on >= adopted_on),
  CHECK ((ended_on IS NULL) = (ended_because IS NULL))
) STRICT;
CREATE UNIQUE INDEX village_texts_one_in_force ON village_texts (village, kind)
  WHERE ended_on IS NULL AND kind IN ('charter','village_agreement');
CREATE UNIQUE INDEX village_texts_replaced_once ON village_texts (replaces_id) WHERE replaces_id IS NOT NULL;
CREATE INDEX village_texts_by_county ON village_texts (county, id);
CREATE INDEX village_texts_by_town ON village_texts (town, id);
CREATE INDEX village_texts_by_village ON village_texts (village, id);

CREATE TABLE deliberations (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  charter_id BLOB REFERENCES village_texts(id),
  topic TEXT NOT NULL CHECK (topic IN ('charter','village_agreement','services','care','funds','facilities','environment','migrants','other')),
  title TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('villagers_assembly','representatives_assembly','members_assembly','council')),
  state TEXT NOT NULL CHECK (state IN ('announced','held','cancelled')),
  announced_on TEXT NOT NULL,
  held_on TEXT,
  participants INTEGER CHECK (participants >= 1),
  evidence TEXT,
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((held_on IS NULL) = (participants IS NULL)),
  CHECK (state <> 'held' OR held_on IS NOT NULL),
  CHECK (state <> 'announced' OR held_on IS NULL),
  CHECK (held_on IS NULL OR held_on >= announced_on),
  CHECK (charter_id IS NOT NULL OR topic = 'charter'),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX deliberations_by_county ON deliberations (county, id);
CREATE INDEX deliberations_by_town ON deliberations (town, id);
CREATE INDEX deliberations_by_village ON deliberations (village, id);

-- In which ways people took part in a deliberation, before, during and after it; they are replaced as a whole.
CREATE TABLE deliberation_parts (
  id BLOB PRIMARY KEY NOT NULL,
  deliberation_id BLOB NOT NULL REFERENCES deliberations(id),
  stage TEXT NOT NULL CHECK (stage IN ('before','during','after')),
  way TEXT NOT NULL,
  on_day TEXT NOT NULL,
  participants INTEGER NOT NULL CHECK (participants >= 1)
) STRICT;
CREATE INDEX deliberation_parts_by_deliberation ON deliberation_parts (deliberation_id, id);

CREATE TABLE village_decisions (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  deliberation_id BLOB NOT NULL REFERENCES deliberations(id),
  title TEXT NOT NULL,
  result TEXT NOT NULL CHECK (result IN ('adopted','rejected','postponed')),
  decided_on TEXT NOT NULL,
  votes_for INTEGER CHECK (votes_for >= 0),
  votes_against INTEGER CHECK (votes_against >= 0),
  votes_abstained INTEGER CHECK (votes_abstained >= 0),
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((votes_for IS NULL) = (votes_against IS NULL)),
  CHECK ((votes_for IS NULL) = (votes_abstained IS NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX village_decisions_by_deliberation ON village_decisions (deliberation_id, id);
CREATE INDEX village_decisions_by_county ON village_decisions (county, id);
CREATE INDEX village_decisions_by_town ON village_decisions (town, id);
CREATE INDEX village_decisions_by_village ON village_decisions (village, id);

-- What is to be done to carry out a decision: owned by a post of the village's association or by a colleague.
CREATE TABLE implementations (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  decision_id BLOB NOT NULL REFERENCES village_decisions(id),
  task TEXT NOT NULL,
  owner_post TEXT CHECK (owner_post IN ('president','executive_vice_president','vice_president','secretary_general')),
  owner_user_id BLOB REFERENCES users(id),
  begun_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','done','explained','cancelled')),
  settled_on TEXT,
  reason TEXT,
  outcome BLOB,
  reopened INTEGER NOT NULL CHECK (reopened >= 0),
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((owner_post IS NULL) <> (owner_user_id IS NULL)),
  CHECK (due_on >= begun_on),
  CHECK (settled_on IS NULL OR settled_on >= begun_on),
  CHECK (state NOT IN ('done','explained') OR settled_on IS NOT NULL),
  CHECK (state <> 'open' OR settled_on IS NULL),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX implementations_by_decision ON implementations (decision_id, id);
CREATE INDEX implementations_by_county ON implementations (county, id);
CREATE INDEX implementations_by_town ON implementations (town, id);
CREATE INDEX implementations_by_village ON implementations (village, id);
CREATE INDEX implementations_open ON implementations (due_on) WHERE state = 'open';

-- Supervision: whether what was to be done was done, as somebody found it.
CREATE TABLE village_checks (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  implementation_id BLOB NOT NULL REFERENCES implementations(id),
  checked_on TEXT NOT NULL,
  checked_by TEXT NOT NULL CHECK (checked_by IN ('supervision_committee','members','villagers','township','county')),
  finding TEXT NOT NULL CHECK (finding IN ('in_order','incomplete','not_done')),
  note BLOB,
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX village_checks_by_implementation ON village_checks (implementation_id, id);
CREATE INDEX village_checks_by_county ON village_checks (county, id);
CREATE INDEX village_checks_by_town ON village_checks (town, id);
CREATE INDEX village_checks_by_village ON village_checks (village, id);

-- What was made public, where and how long.
CREATE TABLE village_disclosures (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  subject TEXT NOT NULL CHECK (subject IN ('text','deliberation','decision','implementation','check','funds','services')),
  text_id BLOB REFERENCES village_texts(id),
  deliberation_id BLOB REFERENCES deliberations(id),
  decision_id BLOB REFERENCES village_decisions(id),
  implementation_id BLOB REFERENCES implementations(id),
  check_id BLOB REFERENCES village_checks(id),
  title TEXT NOT NULL,
  board TEXT NOT NULL CHECK (board IN ('notice_board','village_office','meeting','broadcast','website','group_message')),
  spot TEXT,
  posted_from TEXT NOT NULL,
  posted_until TEXT,
  evidence TEXT,
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((subject = 'text') = (text_id IS NOT NULL)),
  CHECK ((subject = 'deliberation') = (deliberation_id IS NOT NULL)),
  CHECK ((subject = 'decision') = (decision_id IS NOT NULL)),
  CHECK ((subject = 'implementation') = (implementation_id IS NOT NULL)),
  CHECK ((subject = 'check') = (check_id IS NOT NULL)),
  CHECK (posted_until IS NULL OR posted_until >= posted_from),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX village_disclosures_by_county ON village_disclosures (county, id);
CREATE INDEX village_disclosures_by_town ON village_disclosures (town, id);
CREATE INDEX village_disclosures_by_village ON village_disclosures (village, id);
CREATE INDEX village_disclosures_by_text ON village_disclosures (text_id) WHERE text_id IS NOT NULL;
CREATE INDEX village_disclosures_by_deliberation ON village_disclosures (deliberation_id) WHERE deliberation_id IS NOT NULL;
CREATE INDEX village_disclosures_by_decision ON village_disclosures (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX village_disclosures_by_implementation ON village_disclosures (implementation_id) WHERE implementation_id IS NOT NULL;
CREATE INDEX village_disclosures_by_check ON village_disclosures (check_id) WHERE check_id IS NOT NULL;

-- What was voiced in a village, by nobody in particular: no person, no household, and no visit that would lead to one.
CREATE TABLE village_opinions (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  deliberation_id BLOB REFERENCES deliberations(id),
  topic TEXT NOT NULL,
  told BLOB,
  voiced_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','referred','answered')),
  due_on TEXT NOT NULL,
  due_provisional INTEGER NOT NULL,
  referred_to TEXT,
  referred_on TEXT,
  answer BLOB,
  answered_on TEXT,
  answered_by BLOB REFERENCES users(id),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((referred_to IS NULL) = (referred_on IS NULL)),
  CHECK ((state = 'answered') = (answered_on IS NOT NULL)),
  CHECK ((answered_on IS NULL) = (answer IS NULL)),
  CHECK (answered_on IS NULL OR answered_on >= voiced_on)
) STRICT;
CREATE INDEX village_opinions_by_county ON village_opinions (county, id);
CREATE INDEX village_opinions_by_town ON village_opinions (town, id);
CREATE INDEX village_opinions_by_village ON village_opinions (village, id);
CREATE INDEX village_opinions_by_deliberation ON village_opinions (deliberation_id, id);
CREATE INDEX village_opinions_open ON village_opinions (due_on) WHERE answered_on IS NULL;

-- Members who take the lead (骨干带头), as a fact of the village: how many, or what was said of them together.
CREATE TABLE leading_examples (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  matter TEXT NOT NULL,
  shown_on TEXT NOT NULL,
  members INTEGER CHECK (members >= 1),
  statement BLOB,
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (members IS NOT NULL OR statement IS NOT NULL),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX leading_examples_by_county ON leading_examples (county, id);
CREATE INDEX leading_examples_by_town ON leading_examples (town, id);
CREATE INDEX leading_examples_by_village ON leading_examples (village, id);

-- What people decided about a village's year beside what was counted. The newest revision holds; none is altered.
CREATE TABLE village_confirmations (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB NOT NULL REFERENCES areas(id),
  village BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  year INTEGER NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  qualified INTEGER NOT NULL,
  counted INTEGER NOT NULL,
  criteria_year INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  note BLOB,
  decided_on TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (village, year, revision),
  CHECK (qualified = counted OR reasons <> '[]')
) STRICT;
CREATE INDEX village_confirmations_by_county ON village_confirmations (county, year);
CREATE INDEX village_confirmations_by_town ON village_confirmations (town, id);
CREATE INDEX village_confirmations_by_village ON village_confirmations (village, id);

-- What makes a village qualified in a year: data. The set of the newest year up to the one asked for holds.
CREATE TABLE self_governance_criteria_sets (
  year INTEGER PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  assumed INTEGER NOT NULL,
  updated_by BLOB REFERENCES users(id),
  updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE self_governance_criteria (
  year INTEGER NOT NULL REFERENCES self_governance_criteria_sets(year),
  ordinal INTEGER NOT NULL,
  code TEXT NOT NULL,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  fact TEXT NOT NULL,
  least INTEGER NOT NULL CHECK (least BETWEEN 1 AND 1000),
  PRIMARY KEY (year, ordinal),
  UNIQUE (year, code)
) STRICT;

INSERT INTO self_governance_criteria_sets (year, version, assumed, updated_at) VALUES (1990, 1, FALSE, 0);
INSERT INTO self_governance_criteria (year, ordinal, code, title_zh, title_en, fact, least) VALUES
  (1990, 1, 'charter', '有章程', 'A charter', 'charter_in_force', 1),
  (1990, 2, 'agreements', '有村规民约', 'Village agreements', 'agreement_in_force', 1),
  (1990, 3, 'deliberation', '有议事', 'Deliberation', 'deliberation_held', 1),
  (1990, 4, 'decision', '有决策', 'Decision', 'decision_adopted', 1),
  (1990, 5, 'implementation', '有落实', 'Implementation', 'implementation_done', 1),
  (1990, 6, 'supervision', '有监督', 'Supervision', 'check_made', 1),
  (1990, 7, 'disclosure', '有公开', 'Disclosure', 'disclosure_posted', 1),
  (1990, 8, 'part_before', '事前参与', 'Taking part before', 'part_before', 1),
  (1990, 9, 'part_during', '事中参与', 'Taking part during', 'part_during', 1),
  (1990, 10, 'part_after', '事后参与', 'Taking part after', 'part_after', 1);
