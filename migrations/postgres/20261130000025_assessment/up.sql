-- The year-end assessment (年终考核) of associations: what is asked, what was planned and promised, how it went on, and
-- what stands for good.

-- What a year asks, as a document. One is in force for a year at a time; those before stay readable.
CREATE TABLE assessment_schemes (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  number BIGINT NOT NULL CHECK (number >= 1),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft','in_force','replaced')),
  content TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  in_force_since BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (year, number),
  CHECK ((state = 'draft') = (in_force_since IS NULL))
);
CREATE UNIQUE INDEX assessment_schemes_in_force ON assessment_schemes (year) WHERE state = 'in_force';

-- What is known of an area for a year: how many live in it (townships; wider areas are their sum), and whether the
-- foundation of the work is good there.
CREATE TABLE area_profiles (
  area_id UUID NOT NULL REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  population BIGINT CHECK (population BETWEEN 1 AND 100000000),
  foundation TEXT COLLATE "C" CHECK (foundation IN ('good','elsewhere')),
  updated_by UUID NOT NULL REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (area_id, year),
  CHECK (population IS NOT NULL OR foundation IS NOT NULL)
);

-- The sheet of target responsibility (目标管理责任书) of a year: the points of all, and those of the association's work.
CREATE TABLE responsibility_targets (
  id UUID PRIMARY KEY NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  total_points BIGINT NOT NULL CHECK (total_points BETWEEN 1 AND 100000),
  association_points BIGINT NOT NULL CHECK (association_points >= 0),
  agreed_on TEXT COLLATE "C" NOT NULL,
  updated_by UUID NOT NULL REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  UNIQUE (association_id, year),
  CHECK (association_points <= total_points)
);
CREATE INDEX responsibility_targets_by_area ON responsibility_targets (area_id, year);

-- How much of something an association is to do in a year.
CREATE TABLE assessment_plans (
  association_id UUID NOT NULL REFERENCES associations(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  source TEXT COLLATE "C" NOT NULL,
  planned BIGINT NOT NULL CHECK (planned BETWEEN 0 AND 1000000000000),
  updated_by UUID NOT NULL REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (association_id, year, source)
);

-- One association's year as it is assessed: what it says of itself, what the superior found, what was objected.
CREATE TABLE assessment_cases (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('self_assessment','submitted','reviewed','objected','decided')),
  registered_by UUID NOT NULL REFERENCES users(id),
  submitted_by UUID REFERENCES users(id),
  submitted_on TEXT COLLATE "C",
  reviewed_by UUID REFERENCES users(id),
  reviewed_on TEXT COLLATE "C",
  objection_until TEXT COLLATE "C",
  objected_by UUID REFERENCES users(id),
  objected_on TEXT COLLATE "C",
  objection BYTEA,
  decided_by UUID REFERENCES users(id),
  decided_on TEXT COLLATE "C",
  outcome TEXT COLLATE "C" CHECK (outcome IN ('unobjected','upheld','changed')),
  answer BYTEA,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (association_id, year),
  CHECK ((state = 'self_assessment') = (submitted_on IS NULL)),
  CHECK ((reviewed_on IS NULL) = (objection_until IS NULL)),
  CHECK (reviewed_by IS NULL OR reviewed_by <> submitted_by),
  CHECK ((objected_on IS NULL) = (objection IS NULL)),
  CHECK ((state = 'decided') = (decided_on IS NOT NULL)),
  CHECK (decided_by IS NULL OR outcome = 'unobjected' OR decided_by <> reviewed_by)
);
CREATE INDEX assessment_cases_by_area ON assessment_cases (area_id, id);
CREATE INDEX assessment_cases_by_county ON assessment_cases (county, id);
CREATE INDEX assessment_cases_by_town ON assessment_cases (town, id);
CREATE INDEX assessment_cases_by_village ON assessment_cases (village, id);

-- Of each indicator: what the association says, and what was found.
CREATE TABLE assessment_statements (
  id UUID PRIMARY KEY NOT NULL,
  case_id UUID NOT NULL REFERENCES assessment_cases(id),
  indicator TEXT COLLATE "C" NOT NULL,
  claimed TEXT COLLATE "C" NOT NULL CHECK (claimed IN ('met','not_met','not_applicable')),
  statement BYTEA,
  evidence TEXT COLLATE "C" NOT NULL,
  found TEXT COLLATE "C" CHECK (found IN ('met','not_met','not_applicable')),
  remark BYTEA,
  -- A decision stands beside the finding of the review, which stays as it was.
  decided TEXT COLLATE "C" CHECK (decided IN ('met','not_met','not_applicable')),
  decided_remark BYTEA,
  updated_by UUID NOT NULL REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  UNIQUE (case_id, indicator)
);

-- One-vote vetoes (一票否决): decided by people, never reckoned.
-- Who appealed against one and who decided on that are different people, and neither recorded it. One that was lifted is
-- none: another may follow it in the same year.
CREATE TABLE assessment_vetoes (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  decided_by TEXT COLLATE "C" NOT NULL,
  decided_on TEXT COLLATE "C" NOT NULL,
  reasons TEXT COLLATE "C" NOT NULL,
  statement BYTEA NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('decided','appealed','settled')),
  appealed_on TEXT COLLATE "C",
  appeal BYTEA,
  settled_on TEXT COLLATE "C",
  outcome TEXT COLLATE "C" CHECK (outcome IN ('upheld','lifted')),
  answer BYTEA,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  appealed_by UUID REFERENCES users(id),
  settled_by UUID REFERENCES users(id),
  CHECK (appealed_by IS NULL OR appealed_by <> registered_by),
  CHECK (settled_by IS NULL OR settled_by <> registered_by),
  CHECK (settled_by IS NULL OR appealed_by IS NULL OR settled_by <> appealed_by),
  CHECK ((state = 'settled') = (settled_on IS NOT NULL)),
  CHECK ((settled_on IS NULL) = (outcome IS NULL))
);
CREATE INDEX assessment_vetoes_by_area ON assessment_vetoes (area_id, id);
CREATE INDEX assessment_vetoes_by_county ON assessment_vetoes (county, id);
CREATE INDEX assessment_vetoes_by_town ON assessment_vetoes (town, id);
CREATE INDEX assessment_vetoes_by_village ON assessment_vetoes (village, id);
CREATE UNIQUE INDEX assessment_vetoes_that_stand ON assessment_vetoes (association_id, year)
  WHERE outcome IS NULL OR outcome = 'upheld';

-- A year as it was frozen: what was counted and found, signed. Nothing changes one; a correction is another revision.
CREATE TABLE assessment_snapshots (
  id UUID PRIMARY KEY NOT NULL,
  area_id UUID NOT NULL REFERENCES areas(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  revision BIGINT NOT NULL CHECK (revision >= 1),
  because TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  signature TEXT COLLATE "C" NOT NULL,
  signed_with TEXT COLLATE "C" NOT NULL,
  signer TEXT COLLATE "C" NOT NULL,
  frozen_by UUID NOT NULL REFERENCES users(id),
  frozen_at BIGINT NOT NULL,
  UNIQUE (area_id, year, revision)
);
CREATE INDEX assessment_snapshots_by_area ON assessment_snapshots (area_id, id);
CREATE INDEX assessment_snapshots_by_county ON assessment_snapshots (county, id);
CREATE INDEX assessment_snapshots_by_town ON assessment_snapshots (town, id);
CREATE INDEX assessment_snapshots_by_village ON assessment_snapshots (village, id);

CREATE FUNCTION assessment_snapshots_stay() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'a frozen year does not change'; END $$;
CREATE TRIGGER assessment_snapshots_stay BEFORE UPDATE OR DELETE ON assessment_snapshots
  FOR EACH ROW EXECUTE FUNCTION assessment_snapshots_stay();
CREATE TRIGGER assessment_snapshots_remain BEFORE TRUNCATE ON assessment_snapshots
  FOR EACH STATEMENT EXECUTE FUNCTION assessment_snapshots_stay();

-- Acts and decisions are counted by the year and the area.
CREATE INDEX association_works_by_kind ON association_works (area_id, kind, held_on) WHERE cancelled_at IS NULL;
CREATE INDEX studies_by_kind ON studies (area_id, kind, held_on);
CREATE INDEX memberships_of_association ON memberships (association_id, joined_on, left_on, backbone_since, person_id);
CREATE INDEX posts_of_association ON posts (association_id, post, begins_on);
CREATE INDEX member_homes_of_area ON member_homes (area_id, state);
-- Few are not: whoever is restricted or erased is counted nowhere.
CREATE INDEX persons_not_active ON persons (id) WHERE state <> 'active';
