-- Where many people work or live (enterprises, markets, places where migrants gather) and whether they have an
-- association with what it needs; the yearly selection of the best; an association's office by days; what is paid to
-- retired presidents.

-- An enterprise, a market or a place is public, as its headcount is; none is deleted: it closes.
CREATE TABLE sites (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('non_public_enterprise','fixed_market','migrant_place')),
  title TEXT NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  people INTEGER NOT NULL CHECK (people >= 0),
  counted_on TEXT NOT NULL,
  counted_by TEXT NOT NULL CHECK (counted_by IN ('own_report','statistics','on_the_spot','other')),
  association_id BLOB REFERENCES associations(id),
  linked_on TEXT,
  closed_on TEXT,
  closed_because TEXT CHECK (closed_because IN ('closed','moved','merged','mistaken')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((association_id IS NULL) = (linked_on IS NULL)),
  CHECK ((closed_on IS NULL) = (closed_because IS NULL))
) STRICT;
CREATE UNIQUE INDEX sites_one_of_an_association ON sites (association_id)
  WHERE association_id IS NOT NULL AND closed_on IS NULL;
CREATE INDEX sites_by_area ON sites (area_id, id);
CREATE INDEX sites_by_county ON sites (county, id);
CREATE INDEX sites_by_town ON sites (town, id);
CREATE INDEX sites_by_village ON sites (village, id);

-- How many people there were on a day, and who counted them; a day counted anew replaces what stood there.
CREATE TABLE site_headcounts (
  id BLOB PRIMARY KEY NOT NULL,
  site_id BLOB NOT NULL REFERENCES sites(id),
  people INTEGER NOT NULL CHECK (people >= 0),
  counted_on TEXT NOT NULL,
  counted_by TEXT NOT NULL CHECK (counted_by IN ('own_report','statistics','on_the_spot','other')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  UNIQUE (site_id, counted_on)
) STRICT;

-- From how many people on a site is to have an association: data, which an administrator changes.
CREATE TABLE site_rules (
  kind TEXT PRIMARY KEY NOT NULL CHECK (kind IN ('non_public_enterprise','fixed_market','migrant_place')),
  version INTEGER NOT NULL,
  over_people INTEGER NOT NULL CHECK (over_people >= 0),
  assumed INTEGER NOT NULL,
  updated_by BLOB REFERENCES users(id),
  updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO site_rules (kind, version, over_people, assumed, updated_at) VALUES
  ('non_public_enterprise', 1, 1000, FALSE, 0),
  ('fixed_market', 1, 500, TRUE, 0),
  ('migrant_place', 1, 500, TRUE, 0);

-- What such an association is to have. The guide names two of the four; the others are a guess.
CREATE TABLE haves (
  code TEXT PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('three','four')),
  ordinal INTEGER NOT NULL,
  label_zh TEXT NOT NULL,
  label_en TEXT NOT NULL,
  asked INTEGER NOT NULL,
  assumed INTEGER NOT NULL,
  updated_by BLOB REFERENCES users(id),
  updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO haves (code, version, part, ordinal, label_zh, label_en, asked, assumed, updated_at) VALUES
  ('people', 1, 'three', 1, '有人员', 'People', TRUE, FALSE, 0),
  ('rules', 1, 'three', 2, '有制度', 'Rules', TRUE, FALSE, 0),
  ('money', 1, 'three', 3, '有经费', 'Money to act', TRUE, FALSE, 0),
  ('good_network', 1, 'four', 1, '网络好', 'A good network', TRUE, FALSE, 0),
  ('high_enthusiasm', 1, 'four', 2, '积极性高', 'High enthusiasm', TRUE, FALSE, 0),
  ('regular_activities', 1, 'four', 3, '活动经常', 'Regular activities', TRUE, TRUE, 0),
  ('good_results', 1, 'four', 4, '效果好', 'Good results', TRUE, TRUE, 0);

-- What somebody found on a day; nothing is changed afterwards, and the newest day holds.
CREATE TABLE site_checks (
  id BLOB PRIMARY KEY NOT NULL,
  site_id BLOB NOT NULL REFERENCES sites(id),
  have TEXT NOT NULL REFERENCES haves(code),
  found INTEGER NOT NULL,
  checked_on TEXT NOT NULL,
  checked_by BLOB NOT NULL REFERENCES users(id),
  evidence TEXT NOT NULL CHECK (evidence IN ('document','register','account_book','photo','conversation','seen')),
  note BLOB,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX site_checks_newest ON site_checks (site_id, have, checked_on, id);

-- The yearly selection of the best associations, members and presidents: at most ten of each.
CREATE TABLE selections (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL,
  category TEXT NOT NULL CHECK (category IN ('associations','members','presidents')),
  places INTEGER NOT NULL CHECK (places BETWEEN 1 AND 10),
  state TEXT NOT NULL CHECK (state IN ('nominating','published','decided','cancelled')),
  publicity_from TEXT,
  publicity_to TEXT,
  decided_on TEXT,
  decided_by TEXT CHECK (decided_by IN ('council','leading_group','government')),
  cancelled_because TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((publicity_from IS NULL) = (publicity_to IS NULL)),
  CHECK (publicity_to IS NULL OR publicity_to >= publicity_from),
  CHECK (state NOT IN ('published','decided') OR publicity_from IS NOT NULL),
  CHECK ((state = 'decided') = (decided_on IS NOT NULL)),
  CHECK ((decided_on IS NULL) = (decided_by IS NULL)),
  CHECK ((state = 'cancelled') = (cancelled_because IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX selections_one_a_year ON selections (association_id, year, category) WHERE state <> 'cancelled';
CREATE INDEX selections_by_area ON selections (area_id, id);
CREATE INDEX selections_by_county ON selections (county, id);
CREATE INDEX selections_by_town ON selections (town, id);
CREATE INDEX selections_by_village ON selections (village, id);

-- Who is nominated: an association, a member of it, or its president. Who that is stands in persons alone; nobody is
-- published who did not agree.
CREATE TABLE nominations (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  selection_id BLOB NOT NULL REFERENCES selections(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  person_id BLOB REFERENCES persons(id),
  reasons TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('proposed','agreed','withdrawn','excluded','selected','not_selected')),
  agreed_on TEXT,
  agreed_channel TEXT CHECK (agreed_channel IN ('in_person','phone','app')),
  settled_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((agreed_on IS NULL) = (agreed_channel IS NULL)),
  CHECK (state IN ('proposed','withdrawn') OR agreed_on IS NOT NULL)
) STRICT;
CREATE INDEX nominations_by_selection ON nominations (selection_id, id);
CREATE INDEX nominations_by_association ON nominations (association_id, id);
CREATE INDEX nominations_by_person ON nominations (person_id, id) WHERE person_id IS NOT NULL;

-- What was said against a selection while it was public, and what became of it. It may be about somebody: it goes
-- with what is known of them.
CREATE TABLE objections (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  selection_id BLOB NOT NULL REFERENCES selections(id),
  nomination_id BLOB REFERENCES nominations(id),
  topic TEXT NOT NULL CHECK (topic IN ('facts','eligibility','procedure','other')),
  told BLOB,
  raised_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','answered')),
  answered_on TEXT,
  outcome TEXT CHECK (outcome IN ('upheld','dismissed')),
  answer BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((state = 'answered') = (answered_on IS NOT NULL)),
  CHECK ((answered_on IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX objections_by_selection ON objections (selection_id, id);
CREATE INDEX objections_by_nomination ON objections (nomination_id, id) WHERE nomination_id IS NOT NULL;

-- How an association's office and staff stood on a day; what stands in the association is the newest of these.
CREATE TABLE office_records (
  id BLOB PRIMARY KEY NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  as_of TEXT NOT NULL,
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
  UNIQUE (association_id, as_of)
) STRICT;

-- What is paid a month to somebody who led an association and retired from that; who it is stands with the term.
CREATE TABLE retired_subsidies (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  post_id BLOB NOT NULL REFERENCES posts(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  monthly INTEGER NOT NULL CHECK (monthly > 0),
  paid_from TEXT NOT NULL CHECK (paid_from IN ('budget','activity_funds','other')),
  from_on TEXT NOT NULL,
  until_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (until_on IS NULL OR until_on >= from_on)
) STRICT;
CREATE UNIQUE INDEX retired_subsidies_one_each ON retired_subsidies (post_id) WHERE until_on IS NULL;
CREATE INDEX retired_subsidies_by_post ON retired_subsidies (post_id, id);
CREATE INDEX retired_subsidies_by_association ON retired_subsidies (association_id, id);
CREATE INDEX retired_subsidies_by_area ON retired_subsidies (area_id, id);
CREATE INDEX retired_subsidies_by_county ON retired_subsidies (county, id);
CREATE INDEX retired_subsidies_by_town ON retired_subsidies (town, id);
CREATE INDEX retired_subsidies_by_village ON retired_subsidies (village, id);
