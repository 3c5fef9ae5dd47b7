-- Self-governance (群众自治) of villages: what they adopt, deliberate, decide, carry out, check and disclose. People are
-- counted and never named.

-- Charters, village agreements and contracts, edition by edition. The paper itself is a photo; no clause is stored.
CREATE TABLE village_texts (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('charter','village_agreement','contract')),
  edition BIGINT NOT NULL CHECK (edition >= 1),
  replaces_id UUID REFERENCES village_texts(id),
  title TEXT COLLATE "C" NOT NULL,
  adopted_on TEXT COLLATE "C" NOT NULL,
  adopted_by TEXT COLLATE "C" NOT NULL CHECK (adopted_by IN ('villagers_assembly','representatives_assembly','members_assembly')),
  deliberation_id UUID,
  filed_on TEXT COLLATE "C",
  ended_on TEXT COLLATE "C",
  ended_because TEXT COLLATE "C" CHECK (ended_because IN ('replaced','repealed','unlawful','mistaken')),
  evidence TEXT COLLATE "C",
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (replaces_id IS NULL OR replaces_id <> id),
  CHECK (filed_on IS NULL OR filed_on >= adopted_on),
  CHECK (ended_on IS NULL OR ended_on >= adopted_on),
  CHECK ((ended_on IS NULL) = (ended_because IS NULL))
);
CREATE UNIQUE INDEX village_texts_one_in_force ON village_texts (village, kind)
  WHERE ended_on IS NULL AND kind IN ('charter','village_agreement');
CREATE UNIQUE INDEX village_texts_replaced_once ON village_texts (replaces_id) WHERE replaces_id IS NOT NULL;
CREATE INDEX village_texts_by_county ON village_texts (county, id);
CREATE INDEX village_texts_by_town ON village_texts (town, id);
CREATE INDEX village_texts_by_village ON village_texts (village, id);

CREATE TABLE deliberations (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  charter_id UUID REFERENCES village_texts(id),
  topic TEXT COLLATE "C" NOT NULL CHECK (topic IN ('charter','village_agreement','services','care','funds','facilities','environment','migrants','other')),
  title TEXT COLLATE "C" NOT NULL,
  form TEXT COLLATE "C" NOT NULL CHECK (form IN ('villagers_assembly','representatives_assembly','members_assembly','council')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('announced','held','cancelled')),
  announced_on TEXT COLLATE "C" NOT NULL,
  held_on TEXT COLLATE "C",
  participants BIGINT CHECK (participants >= 1),
  evidence TEXT COLLATE "C",
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((held_on IS NULL) = (participants IS NULL)),
  CHECK (state <> 'held' OR held_on IS NOT NULL),
  CHECK (state <> 'announced' OR held_on IS NULL),
  CHECK (held_on IS NULL OR held_on >= announced_on),
  CHECK (charter_id IS NOT NULL OR topic = 'charter'),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
ALTER TABLE village_texts ADD FOREIGN KEY (deliberation_id) REFERENCES deliberations(id);
CREATE INDEX deliberations_by_county ON deliberations (county, id);
CREATE INDEX deliberations_by_town ON deliberations (town, id);
CREATE INDEX deliberations_by_village ON deliberations (village, id);

-- In which ways people took part in a deliberation, before, during and after it; they are replaced as a whole.
CREATE TABLE deliberation_parts (
  id UUID PRIMARY KEY NOT NULL,
  deliberation_id UUID NOT NULL REFERENCES deliberations(id),
  stage TEXT COLLATE "C" NOT NULL CHECK (stage IN ('before','during','after')),
  way TEXT COLLATE "C" NOT NULL,
  on_day TEXT COLLATE "C" NOT NULL,
  participants BIGINT NOT NULL CHECK (participants >= 1)
);
CREATE INDEX deliberation_parts_by_deliberation ON deliberation_parts (deliberation_id, id);

CREATE TABLE village_decisions (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  deliberation_id UUID NOT NULL REFERENCES deliberations(id),
  title TEXT COLLATE "C" NOT NULL,
  result TEXT COLLATE "C" NOT NULL CHECK (result IN ('adopted','rejected','postponed')),
  decided_on TEXT COLLATE "C" NOT NULL,
  votes_for BIGINT CHECK (votes_for >= 0),
  votes_against BIGINT CHECK (votes_against >= 0),
  votes_abstained BIGINT CHECK (votes_abstained >= 0),
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((votes_for IS NULL) = (votes_against IS NULL)),
  CHECK ((votes_for IS NULL) = (votes_abstained IS NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX village_decisions_by_deliberation ON village_decisions (deliberation_id, id);
CREATE INDEX village_decisions_by_county ON village_decisions (county, id);
CREATE INDEX village_decisions_by_town ON village_decisions (town, id);
CREATE INDEX village_decisions_by_village ON village_decisions (village, id);

-- What is to be done to carry out a decision: owned by a post of the village's association or by a colleague.
CREATE TABLE implementations (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  decision_id UUID NOT NULL REFERENCES village_decisions(id),
  task TEXT COLLATE "C" NOT NULL,
  owner_post TEXT COLLATE "C" CHECK (owner_post IN ('president','executive_vice_president','vice_president','secretary_general')),
  owner_user_id UUID REFERENCES users(id),
  begun_on TEXT COLLATE "C" NOT NULL,
  due_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','done','explained','cancelled')),
  settled_on TEXT COLLATE "C",
  reason TEXT COLLATE "C",
  outcome BYTEA,
  reopened BIGINT NOT NULL CHECK (reopened >= 0),
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((owner_post IS NULL) <> (owner_user_id IS NULL)),
  CHECK (due_on >= begun_on),
  CHECK (settled_on IS NULL OR settled_on >= begun_on),
  CHECK (state NOT IN ('done','explained') OR settled_on IS NOT NULL),
  CHECK (state <> 'open' OR settled_on IS NULL),
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX implementations_by_decision ON implementations (decision_id, id);
CREATE INDEX implementations_by_county ON implementations (county, id);
CREATE INDEX implementations_by_town ON implementations (town, id);
CREATE INDEX implementations_by_village ON implementations (village, id);
CREATE INDEX implementations_open ON implementations (due_on) WHERE state = 'open';

-- Supervision: whether what was to be done was done, as somebody found it.
CREATE TABLE village_checks (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  implementation_id UUID NOT NULL REFERENCES implementations(id),
  checked_on TEXT COLLATE "C" NOT NULL,
  checked_by TEXT COLLATE "C" NOT NULL CHECK (checked_by IN ('supervision_committee','members','villagers','township','county')),
  finding TEXT COLLATE "C" NOT NULL CHECK (finding IN ('in_order','incomplete','not_done')),
  note BYTEA,
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX village_checks_by_implementation ON village_checks (implementation_id, id);
CREATE INDEX village_checks_by_county ON village_checks (county, id);
CREATE INDEX village_checks_by_town ON village_checks (town, id);
CREATE INDEX village_checks_by_village ON village_checks (village, id);

-- What was made public, where and how long.
CREATE TABLE village_disclosures (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL CHECK (subject IN ('text','deliberation','decision','implementation','check','funds','services')),
  text_id UUID REFERENCES village_texts(id),
  deliberation_id UUID REFERENCES deliberations(id),
  decision_id UUID REFERENCES village_decisions(id),
  implementation_id UUID REFERENCES implementations(id),
  check_id UUID REFERENCES village_checks(id),
  title TEXT COLLATE "C" NOT NULL,
  board TEXT COLLATE "C" NOT NULL CHECK (board IN ('notice_board','village_office','meeting','broadcast','website','group_message')),
  spot TEXT COLLATE "C",
  posted_from TEXT COLLATE "C" NOT NULL,
  posted_until TEXT COLLATE "C",
  evidence TEXT COLLATE "C",
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((subject = 'text') = (text_id IS NOT NULL)),
  CHECK ((subject = 'deliberation') = (deliberation_id IS NOT NULL)),
  CHECK ((subject = 'decision') = (decision_id IS NOT NULL)),
  CHECK ((subject = 'implementation') = (implementation_id IS NOT NULL)),
  CHECK ((subject = 'check') = (check_id IS NOT NULL)),
  CHECK (posted_until IS NULL OR posted_until >= posted_from),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
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
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  deliberation_id UUID REFERENCES deliberations(id),
  topic TEXT COLLATE "C" NOT NULL,
  told BYTEA,
  voiced_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','referred','answered')),
  due_on TEXT COLLATE "C" NOT NULL,
  due_provisional BOOLEAN NOT NULL,
  referred_to TEXT COLLATE "C",
  referred_on TEXT COLLATE "C",
  answer BYTEA,
  answered_on TEXT COLLATE "C",
  answered_by UUID REFERENCES users(id),
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((referred_to IS NULL) = (referred_on IS NULL)),
  CHECK ((state = 'answered') = (answered_on IS NOT NULL)),
  CHECK ((answered_on IS NULL) = (answer IS NULL)),
  CHECK (answered_on IS NULL OR answered_on >= voiced_on)
);
CREATE INDEX village_opinions_by_county ON village_opinions (county, id);
CREATE INDEX village_opinions_by_town ON village_opinions (town, id);
CREATE INDEX village_opinions_by_village ON village_opinions (village, id);
CREATE INDEX village_opinions_by_deliberation ON village_opinions (deliberation_id, id);
CREATE INDEX village_opinions_open ON village_opinions (due_on) WHERE answered_on IS NULL;

-- Members who take the lead (骨干带头), as a fact of the village: how many, or what was said of them together.
CREATE TABLE leading_examples (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  matter TEXT COLLATE "C" NOT NULL,
  shown_on TEXT COLLATE "C" NOT NULL,
  members BIGINT CHECK (members >= 1),
  statement BYTEA,
  cancelled_because TEXT COLLATE "C",
  cancelled_at BIGINT,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (members IS NOT NULL OR statement IS NOT NULL),
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX leading_examples_by_county ON leading_examples (county, id);
CREATE INDEX leading_examples_by_town ON leading_examples (town, id);
CREATE INDEX leading_examples_by_village ON leading_examples (village, id);

-- What people decided about a village's year beside what was counted. The newest revision holds; none is altered.
CREATE TABLE village_confirmations (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID NOT NULL REFERENCES areas(id),
  village UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  year BIGINT NOT NULL,
  revision BIGINT NOT NULL CHECK (revision >= 1),
  qualified BOOLEAN NOT NULL,
  counted BOOLEAN NOT NULL,
  criteria_year BIGINT NOT NULL,
  reasons TEXT COLLATE "C" NOT NULL,
  note BYTEA,
  decided_on TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (village, year, revision),
  CHECK (qualified = counted OR reasons <> '[]')
);
CREATE INDEX village_confirmations_by_county ON village_confirmations (county, year);
CREATE INDEX village_confirmations_by_town ON village_confirmations (town, id);
CREATE INDEX village_confirmations_by_village ON village_confirmations (village, id);

-- What makes a village qualified in a year: data. The set of the newest year up to the one asked for holds.
CREATE TABLE self_governance_criteria_sets (
  year BIGINT PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  assumed BOOLEAN NOT NULL,
  updated_by UUID REFERENCES users(id),
  updated_at BIGINT NOT NULL
);
CREATE TABLE self_governance_criteria (
  year BIGINT NOT NULL REFERENCES self_governance_criteria_sets(year),
  ordinal BIGINT NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  title_zh TEXT COLLATE "C" NOT NULL,
  title_en TEXT COLLATE "C" NOT NULL,
  fact TEXT COLLATE "C" NOT NULL,
  least BIGINT NOT NULL CHECK (least BETWEEN 1 AND 1000),
  PRIMARY KEY (year, ordinal),
  UNIQUE (year, code)
);

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
