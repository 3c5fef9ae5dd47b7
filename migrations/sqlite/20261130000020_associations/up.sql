-- Associations (计划生育协会): the tree, the posts and who holds them, the members.

-- A municipal, county, township or village association is of an area of its own; one of an enterprise, a market or
-- of migrants stands in the area of its seat. None is ever deleted: it is dissolved.
CREATE TABLE associations (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('municipal','county','township','village','enterprise','market','floating_population')),
  title TEXT NOT NULL,
  parent_id BLOB REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  founded_on TEXT NOT NULL,
  dissolved_on TEXT,
  dissolved_because TEXT,
  office_rank TEXT CHECK (office_rank IN ('division','deputy_division','section','deputy_section','subsection','none')),
  office_premises TEXT CHECK (office_premises IN ('own','shared','none')),
  office_equipped INTEGER,
  office_own_line INTEGER,
  staff_establishment INTEGER CHECK (staff_establishment >= 0),
  staff_full_time INTEGER CHECK (staff_full_time >= 0),
  staff_by_reference INTEGER,
  staff_fit INTEGER,
  staff_wages_budgeted INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (kind <> 'municipal' OR parent_id IS NULL),
  CHECK (parent_id IS NULL OR parent_id <> id),
  CHECK (dissolved_on IS NULL OR dissolved_on >= founded_on),
  CHECK ((dissolved_on IS NULL) = (dissolved_because IS NULL)),
  CHECK ((office_rank IS NULL) = (office_premises IS NULL)),
  CHECK ((office_rank IS NULL) = (office_equipped IS NULL)),
  CHECK ((office_rank IS NULL) = (office_own_line IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_full_time IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_by_reference IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_fit IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_wages_budgeted IS NULL))
) STRICT;
CREATE UNIQUE INDEX associations_one_of_an_area ON associations (area_id)
  WHERE dissolved_on IS NULL AND kind IN ('municipal','county','township','village');
CREATE INDEX associations_by_area ON associations (area_id, id);
CREATE INDEX associations_by_parent ON associations (parent_id, id);
CREATE INDEX associations_by_county ON associations (county, id);
CREATE INDEX associations_by_town ON associations (town, id);
CREATE INDEX associations_by_village ON associations (village, id);

-- What a level asks of each post: data, which an administrator changes. `every` is asked of each holder, `one` of one
-- holder at least; what is empty is not asked.
CREATE TABLE post_rules (
  code TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_kind TEXT NOT NULL CHECK (association_kind IN ('municipal','county','township','village','enterprise','market','floating_population')),
  post TEXT NOT NULL CHECK (post IN ('president','executive_vice_president','vice_president','secretary_general')),
  asked_of TEXT NOT NULL CHECK (asked_of IN ('every','one')),
  positions TEXT NOT NULL,
  five_elders INTEGER,
  full_time INTEGER,
  civil_servant INTEGER,
  least INTEGER NOT NULL CHECK (least >= 0),
  most INTEGER NOT NULL CHECK (most >= 1),
  term_years INTEGER NOT NULL CHECK (term_years BETWEEN 1 AND 10),
  assumed INTEGER NOT NULL,
  updated_by BLOB REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  CHECK (least <= most)
) STRICT;

INSERT INTO post_rules (code, version, association_kind, post, asked_of, positions, five_elders, full_time, civil_servant, least, most, term_years, assumed, updated_at) VALUES
  ('municipal_president', 1, 'municipal', 'president', 'every', '["leading_group_deputy_head"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('municipal_executive_vice_president', 1, 'municipal', 'executive_vice_president', 'every', '["leading_group_member"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('municipal_vice_president', 1, 'municipal', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, FALSE, 0),
  ('municipal_full_time_vice_president', 1, 'municipal', 'vice_president', 'one', '[]', NULL, TRUE, NULL, 1, 9, 5, FALSE, 0),
  ('municipal_secretary_general', 1, 'municipal', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_president', 1, 'county', 'president', 'every', '["leading_group_deputy_head"]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_executive_vice_president', 1, 'county', 'executive_vice_president', 'every', '["leading_group_member"]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_vice_president', 1, 'county', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, TRUE, 0),
  ('county_full_time_vice_president', 1, 'county', 'vice_president', 'one', '[]', NULL, TRUE, NULL, 1, 9, 5, TRUE, 0),
  ('county_secretary_general', 1, 'county', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('township_president', 1, 'township', 'president', 'every', '["party_principal","government_principal"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('township_executive_vice_president', 1, 'township', 'executive_vice_president', 'every', '[]', TRUE, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('township_vice_president', 1, 'township', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, TRUE, 0),
  ('township_secretary_general', 1, 'township', 'secretary_general', 'every', '["family_planning_office_director"]', NULL, NULL, TRUE, 1, 1, 5, FALSE, 0),
  ('village_president', 1, 'village', 'president', 'every', '["branch_secretary","village_director"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('village_executive_vice_president', 1, 'village', 'executive_vice_president', 'every', '[]', TRUE, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('village_vice_president', 1, 'village', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('village_secretary_general', 1, 'village', 'secretary_general', 'every', '["family_planning_specialist"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('enterprise_president', 1, 'enterprise', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('enterprise_executive_vice_president', 1, 'enterprise', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('enterprise_vice_president', 1, 'enterprise', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('enterprise_secretary_general', 1, 'enterprise', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('market_president', 1, 'market', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('market_executive_vice_president', 1, 'market', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('market_vice_president', 1, 'market', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('market_secretary_general', 1, 'market', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('floating_population_president', 1, 'floating_population', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('floating_population_executive_vice_president', 1, 'floating_population', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('floating_population_vice_president', 1, 'floating_population', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('floating_population_secretary_general', 1, 'floating_population', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0);

-- One term of somebody in a post. Who it is stands in persons alone; with them it becomes a term of nobody.
CREATE TABLE posts (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  person_id BLOB REFERENCES persons(id),
  post TEXT NOT NULL CHECK (post IN ('president','executive_vice_president','vice_president','secretary_general')),
  holds_position TEXT NOT NULL,
  full_time INTEGER NOT NULL,
  civil_servant INTEGER NOT NULL,
  managed_by_reference INTEGER NOT NULL,
  five_elders INTEGER NOT NULL,
  retired INTEGER NOT NULL,
  allowance INTEGER CHECK (allowance >= 0),
  begins_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  ended_on TEXT,
  ended_because TEXT,
  term INTEGER NOT NULL CHECK (term >= 1),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (ends_on > begins_on),
  CHECK (ended_on IS NULL OR ended_on >= begins_on),
  CHECK ((ended_on IS NULL) = (ended_because IS NULL))
) STRICT;
CREATE UNIQUE INDEX posts_one_president ON posts (association_id) WHERE ended_on IS NULL AND post = 'president';
CREATE INDEX posts_by_association ON posts (association_id, id);
CREATE INDEX posts_by_person ON posts (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX posts_by_area ON posts (area_id, id);
CREATE INDEX posts_by_county ON posts (county, id);
CREATE INDEX posts_by_town ON posts (town, id);
CREATE INDEX posts_by_village ON posts (village, id);

-- Who is a member of an association, by consent. The flag of a backbone member goes with the day it was decided.
CREATE TABLE memberships (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  person_id BLOB NOT NULL REFERENCES persons(id),
  joined_on TEXT NOT NULL,
  backbone_since TEXT,
  left_on TEXT,
  left_because TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (left_on IS NULL OR left_on >= joined_on),
  CHECK (backbone_since IS NULL OR backbone_since >= joined_on),
  CHECK ((left_on IS NULL) = (left_because IS NULL))
) STRICT;
CREATE INDEX memberships_by_association ON memberships (association_id, id);
CREATE INDEX memberships_by_person ON memberships (person_id, id);
CREATE INDEX memberships_living ON memberships (person_id, id, backbone_since) WHERE left_on IS NULL;
CREATE INDEX memberships_by_area ON memberships (area_id, id);
CREATE INDEX memberships_by_county ON memberships (county, id);
CREATE INDEX memberships_by_town ON memberships (town, id);
CREATE INDEX memberships_by_village ON memberships (village, id);

-- Member cards: a number says nothing of its holder.
CREATE TABLE member_cards (
  id BLOB PRIMARY KEY NOT NULL,
  membership_id BLOB NOT NULL REFERENCES memberships(id),
  number TEXT NOT NULL UNIQUE,
  issued_on TEXT NOT NULL,
  issued_by BLOB NOT NULL REFERENCES users(id),
  voided_on TEXT,
  voided_because TEXT,
  CHECK ((voided_on IS NULL) = (voided_because IS NULL))
) STRICT;
CREATE UNIQUE INDEX member_cards_one_each ON member_cards (membership_id) WHERE voided_on IS NULL;
CREATE INDEX member_cards_by_membership ON member_cards (membership_id, id);

-- Studies of an association's work. What was found is the office's, sealed; it names nobody.
CREATE TABLE studies (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  kind TEXT NOT NULL CHECK (kind IN ('dedicated_study','field_investigation')),
  led_by TEXT NOT NULL,
  topic TEXT NOT NULL,
  held_on TEXT NOT NULL,
  findings BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX studies_by_association ON studies (association_id, held_on);
CREATE INDEX studies_by_area ON studies (area_id, id);
CREATE INDEX studies_by_county ON studies (county, id);
CREATE INDEX studies_by_town ON studies (town, id);
CREATE INDEX studies_by_village ON studies (village, id);

-- The problems they raised, each owned by a post until a day.
CREATE TABLE action_items (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  study_id BLOB NOT NULL REFERENCES studies(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  owner_post TEXT NOT NULL CHECK (owner_post IN ('president','executive_vice_president','vice_president','secretary_general')),
  problem BLOB NOT NULL,
  raised_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','closed','explained')),
  settled_on TEXT,
  reason TEXT,
  outcome BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (due_on >= raised_on),
  CHECK ((state = 'open') = (settled_on IS NULL)),
  CHECK ((state = 'explained') = (reason IS NOT NULL))
) STRICT;
CREATE INDEX action_items_by_study ON action_items (study_id, id);
CREATE INDEX action_items_by_association ON action_items (association_id, id);
CREATE INDEX action_items_by_area ON action_items (area_id, id);
CREATE INDEX action_items_by_county ON action_items (county, id);
CREATE INDEX action_items_by_town ON action_items (town, id);
CREATE INDEX action_items_by_village ON action_items (village, id);
CREATE INDEX action_items_open ON action_items (due_on) WHERE settled_on IS NULL;

-- How people rated an association for a year; nothing here is reckoned.
CREATE TABLE ratings (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL,
  decided TEXT NOT NULL CHECK (decided IN ('advanced','ordinary','backward')),
  grade TEXT NOT NULL CHECK (grade IN ('advanced','ordinary','backward')),
  decided_by TEXT NOT NULL,
  decided_on TEXT NOT NULL,
  reasons TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('decided','appealed','settled')),
  appealed_on TEXT,
  appeal BLOB,
  settled_on TEXT,
  outcome TEXT CHECK (outcome IN ('upheld','changed')),
  answer BLOB,
  awards_withheld INTEGER,
  awards_decided_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year),
  CHECK (grade = decided OR outcome = 'changed'),
  CHECK ((state = 'settled') = (settled_on IS NOT NULL)),
  CHECK ((awards_withheld IS NULL) = (awards_decided_on IS NULL)),
  CHECK (awards_withheld IS NULL OR grade = 'backward')
) STRICT;
CREATE INDEX ratings_by_area ON ratings (area_id, id);
CREATE INDEX ratings_by_county ON ratings (county, id);
CREATE INDEX ratings_by_town ON ratings (town, id);
CREATE INDEX ratings_by_village ON ratings (village, id);

-- What associations did: acts on a day with the figures of their kind; people are counted.
CREATE TABLE association_works (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  kind TEXT NOT NULL CHECK (kind IN ('deployment','inspection','assessment','commendation','training','two_for_two','publicity')),
  title TEXT NOT NULL,
  held_on TEXT NOT NULL,
  participants INTEGER CHECK (participants >= 1),
  hours INTEGER CHECK (hours >= 1),
  groups_commended INTEGER CHECK (groups_commended >= 0),
  people_commended INTEGER CHECK (people_commended >= 0),
  channel TEXT,
  outlet TEXT,
  link TEXT,
  cancelled_because TEXT,
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((cancelled_because IS NULL) = (cancelled_at IS NULL))
) STRICT;
CREATE INDEX association_works_by_association ON association_works (association_id, held_on);
CREATE INDEX association_works_by_area ON association_works (area_id, id);
CREATE INDEX association_works_by_county ON association_works (county, id);
CREATE INDEX association_works_by_town ON association_works (town, id);
CREATE INDEX association_works_by_village ON association_works (village, id);
