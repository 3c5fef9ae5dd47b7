-- What is counted of insurance by quarter and area, as it may be shown, once and for all when the quarter is
-- closed: no count of few rests here, and nothing leads from a row to anybody.
CREATE TABLE insurance_quarters (
  province UUID NOT NULL REFERENCES areas(id),
  quarter TEXT COLLATE "C" NOT NULL,
  closed_at BIGINT NOT NULL,
  PRIMARY KEY (province, quarter)
);

-- Areas in which something was counted or is hidden; of every other one all is zero.
CREATE TABLE insurance_figures (
  area_id UUID NOT NULL REFERENCES areas(id),
  quarter TEXT COLLATE "C" NOT NULL,
  figures TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (area_id, quarter)
);
CREATE INDEX activities_by_day ON activities (county, activity_day);
CREATE INDEX follow_ups_overdue ON follow_ups (county, due_on) WHERE closed_at IS NULL;

-- Opinions and needs that were voiced at a visit, each with the answer that is owed.
CREATE TABLE concerns (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  visit_id UUID NOT NULL REFERENCES visits(id),
  -- The opinion of the visit that it is, where it is one; an amendment of the visit may have replaced it since.
  opinion_id UUID,
  member_home_id UUID REFERENCES member_homes(id),
  household_id UUID REFERENCES households(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  topic TEXT COLLATE "C",
  need TEXT COLLATE "C",
  told BYTEA,
  voiced_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','referred','answered')),
  due_on TEXT COLLATE "C" NOT NULL,
  due_provisional BOOLEAN NOT NULL,
  referred_to TEXT COLLATE "C",
  referred_office BYTEA,
  referred_on TEXT COLLATE "C",
  referred_by UUID REFERENCES users(id),
  answer BYTEA,
  answered_on TEXT COLLATE "C",
  answered_by UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((topic IS NULL) <> (need IS NULL)),
  CHECK ((topic IS NULL) = (opinion_id IS NULL)),
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((referred_to IS NULL) = (referred_on IS NULL)),
  CHECK ((state = 'answered') = (answered_on IS NOT NULL))
);
CREATE INDEX concerns_by_visit ON concerns (visit_id);
CREATE INDEX concerns_by_county ON concerns (county, id);
CREATE INDEX concerns_by_town ON concerns (town, id);
CREATE INDEX concerns_by_village ON concerns (village, id);
CREATE INDEX concerns_by_assignee ON concerns (assignee, id);
CREATE INDEX concerns_by_registrar ON concerns (registered_by, id);
CREATE INDEX concerns_owed ON concerns (due_on) WHERE answered_on IS NULL;
