-- The year-end assessment (年终考核) of associations: what is asked, what was planned and promised, how it went on, and
-- what stands for good.

-- What a year asks, as a document. One is in force for a year at a time; those before stay readable.
CREATE TABLE assessment_schemes (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  number INTEGER NOT NULL CHECK (number >= 1),
  state TEXT NOT NULL CHECK (state IN ('draft','in_force','replaced')),
  content TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  in_force_since INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (year, number),
  CHECK ((state = 'draft') = (in_force_since IS NULL))
) STRICT;
CREATE UNIQUE INDEX assessment_schemes_in_force ON assessment_schemes (year) WHERE state = 'in_force';

-- What is known of an area for a year: how many live in it (townships; wider areas are their sum), and whether the
-- foundation of the work is good there.
CREATE TABLE area_profiles (
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  population INTEGER CHECK (population BETWEEN 1 AND 100000000),
  foundation TEXT CHECK (foundation IN ('good','elsewhere')),
  updated_by BLOB NOT NULL REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (area_id, year),
  CHECK (population IS NOT NULL OR foundation IS NOT NULL)
) STRICT;

-- The sheet of target responsibility (目标管理责任书) of a year: the points of all, and those of the association's work.
CREATE TABLE responsibility_targets (
  id BLOB PRIMARY KEY NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  total_points INTEGER NOT NULL CHECK (total_points BETWEEN 1 AND 100000),
  association_points INTEGER NOT NULL CHECK (association_points >= 0),
  agreed_on TEXT NOT NULL,
  updated_by BLOB NOT NULL REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year),
  CHECK (association_points <= total_points)
) STRICT;
CREATE INDEX responsibility_targets_by_area ON responsibility_targets (area_id, year);

-- How much of something an association is to do in a year.
CREATE TABLE assessment_plans (
  association_id BLOB NOT NULL REFERENCES associations(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  source TEXT NOT NULL,
  planned INTEGER NOT NULL CHECK (planned BETWEEN 0 AND 1000000000000),
  updated_by BLOB NOT NULL REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (association_id, year, source)
) STRICT;

-- One association's year as it is assessed: what it says of itself, what the superior found, what was objected.
CREATE TABLE assessment_cases (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  state TEXT NOT NULL CHECK (state IN ('self_assessment','submitted','reviewed','objected','decided')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  submitted_by BLOB REFERENCES users(id),
  submitted_on TEXT,
  reviewed_by BLOB REFERENCES users(id),
  reviewed_on TEXT,
  objection_until TEXT,
  objected_by BLOB REFERENCES users(id),
  objected_on TEXT,
  objection BLOB,
  decided_by BLOB REFERENCES users(id),
  decided_on TEXT,
  outcome TEXT CHECK (outcome IN ('unobjected','upheld','changed')),
  answer BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year),
  CHECK ((state = 'self_assessment') = (submitted_on IS NULL)),
  CHECK ((reviewed_on IS NULL) = (objection_until IS NULL)),
  CHECK (reviewed_by IS NULL OR reviewed_by <> submitted_by),
  CHECK ((objected_on IS NULL) = (objection IS NULL)),
  CHECK ((state = 'decided') = (decided_on IS NOT NULL)),
  CHECK (decided_by IS NULL OR outcome = 'unobjected' OR decided_by <> reviewed_by)
) STRICT;
CREATE INDEX assessment_cases_by_area ON assessment_cases (area_id, id);
CREATE INDEX assessment_cases_by_county ON assessment_cases (county, id);
CREATE INDEX assessment_cases_by_town ON assessment_cases (town, id);
CREATE INDEX assessment_cases_by_village ON assessment_cases (village, id);

-- Of each indicator: what the association says, and what was found.
CREATE TABLE assessment_statements (
  id BLOB PRIMARY KEY NOT NULL,
  case_id BLOB NOT NULL REFERENCES assessment_cases(id),
  indicator TEXT NOT NULL,
  claimed TEXT NOT NULL CHECK (claimed IN ('met','not_met','not_applicable')),
  statement BLOB,
  evidence TEXT NOT NULL,
  found TEXT CHECK (found IN ('met','not_met','not_applicable')),
  remark BLOB,
  -- A decision stands beside the finding of the review, which stays as it was.
  decided TEXT CHECK (decided IN ('met','not_met','not_applicable')),
  decided_remark BLOB,
  updated_by BLOB NOT NULL REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  UNIQUE (case_id, indicator)
) STRICT;

-- One-vote vetoes (一票否决): decided by people, never reckoned.
-- Who appealed against one and who decided on that are different people, and neither recorded it. One that was lifted is
-- none: another may follow it in the same year.
CREATE TABLE assessment_vetoes (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  decided_by TEXT NOT NULL,
  decided_on TEXT NOT NULL,
  reasons TEXT NOT NULL,
  statement BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('decided','appealed','settled')),
  appealed_on TEXT,
  appeal BLOB,
  settled_on TEXT,
  outcome TEXT CHECK (outcome IN ('upheld','lifted')),
  answer BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  appealed_by BLOB REFERENCES users(id),
  settled_by BLOB REFERENCES users(id),
  CHECK (appealed_by IS NULL OR appealed_by <> registered_by),
  CHECK (settled_by IS NULL OR settled_by <> registered_by),
  CHECK (settled_by IS NULL OR appealed_by IS NULL OR settled_by <> appealed_by),
  CHECK ((state = 'settled') = (settled_on IS NOT NULL)),
  CHECK ((settled_on IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX assessment_vetoes_by_area ON assessment_vetoes (area_id, id);
CREATE INDEX assessment_vetoes_by_county ON assessment_vetoes (county, id);
CREATE INDEX assessment_vetoes_by_town ON assessment_vetoes (town, id);
CREATE INDEX assessment_vetoes_by_village ON assessment_vetoes (village, id);
CREATE UNIQUE INDEX assessment_vetoes_that_stand ON assessment_vetoes (association_id, year)
  WHERE outcome IS NULL OR outcome = 'upheld';

-- A year as it was frozen: what was counted and found, signed. Nothing changes one; a correction is another revision.
CREATE TABLE assessment_snapshots (
  id BLOB PRIMARY KEY NOT NULL,
  area_id BLOB NOT NULL REFERENCES areas(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  because TEXT NOT NULL,
  content TEXT NOT NULL,
  digest TEXT NOT NULL,
  signature TEXT NOT NULL,
  signed_with TEXT NOT NULL,
  signer TEXT NOT NULL,
  frozen_by BLOB NOT NULL REFERENCES users(id),
  frozen_at INTEGER NOT NULL,
  UNIQUE (area_id, year, revision)
) STRICT;
CREATE INDEX assessment_snapshots_by_area ON assessment_snapshots (area_id, id);
CREATE INDEX assessment_snapshots_by_county ON assessment_snapshots (county, id);
CREATE INDEX assessment_snapshots_by_town ON assessment_snapshots (town, id);
CREATE INDEX assessment_snapshots_by_village ON assessment_snapshots (village, id);
CREATE TRIGGER assessment_snapshots_stay BEFORE UPDATE ON assessment_snapshots
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;
CREATE TRIGGER assessment_snapshots_remain BEFORE DELETE ON assessment_snapshots
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;

-- Acts and decisions are counted by the year and the area.
CREATE INDEX association_works_by_kind ON association_works (area_id, kind, held_on) WHERE cancelled_at IS NULL;
CREATE INDEX studies_by_kind ON studies (area_id, kind, held_on);
CREATE INDEX memberships_of_association ON memberships (association_id, joined_on, left_on, backbone_since, person_id);
CREATE INDEX posts_of_association ON posts (association_id, post, begins_on);
CREATE INDEX member_homes_of_area ON member_homes (area_id, state);
-- Few are not: whoever is restricted or erased is counted nowhere.
CREATE INDEX persons_not_active ON persons (id) WHERE state <> 'active';
