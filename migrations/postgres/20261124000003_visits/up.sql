-- Member homes, visits and what is left to do after them.

-- The five possessions (五有) are data: another year's scheme may name others.
CREATE TABLE possession_kinds (
  kind TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  ordinal BIGINT NOT NULL,
  label_zh TEXT COLLATE "C" NOT NULL,
  label_en TEXT COLLATE "C" NOT NULL
);
INSERT INTO possession_kinds (kind, ordinal, label_zh, label_en) VALUES
  ('premises', 1, '有场所', 'Premises'),
  ('sign', 2, '有牌子', 'Sign'),
  ('rules', 3, '有制度', 'Rules'),
  ('equipment', 4, '有设施', 'Equipment'),
  ('activities', 5, '有活动', 'Activities');

-- A home is a public place: its address and hours are nobody's personal data.
CREATE TABLE member_homes (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  title TEXT COLLATE "C" NOT NULL,
  site_address TEXT COLLATE "C" NOT NULL,
  opening_hours TEXT COLLATE "C",
  keeper_id UUID REFERENCES users(id),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','closed')),
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX member_homes_by_county ON member_homes (county, id);
CREATE INDEX member_homes_by_town ON member_homes (town, id);
CREATE INDEX member_homes_by_village ON member_homes (village, id);

-- The newest evidence of each possession of a home.
CREATE TABLE home_possessions (
  id UUID PRIMARY KEY NOT NULL,
  home_id UUID NOT NULL REFERENCES member_homes(id),
  kind TEXT COLLATE "C" NOT NULL REFERENCES possession_kinds(kind),
  present BOOLEAN NOT NULL,
  checked_on TEXT COLLATE "C" NOT NULL,
  checked_by UUID NOT NULL REFERENCES users(id),
  note BYTEA,
  photo TEXT COLLATE "C",
  updated_at BIGINT NOT NULL,
  UNIQUE (home_id, kind)
);

-- A visit goes to one member home or one household. Positions are thousandths of a
-- degree, about 100 m: finer ones are never stored.
CREATE TABLE visits (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft','submitted','returned','confirmed')),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  member_home_id UUID REFERENCES member_homes(id),
  household_id UUID REFERENCES households(id),
  purpose TEXT COLLATE "C" NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  visit_day TEXT COLLATE "C" NOT NULL,
  companions TEXT COLLATE "C" NOT NULL,
  lat_milli BIGINT CHECK (lat_milli BETWEEN -90000 AND 90000),
  lng_milli BIGINT CHECK (lng_milli BETWEEN -180000 AND 180000),
  offered TEXT COLLATE "C" NOT NULL,
  needs_voiced TEXT COLLATE "C" NOT NULL,
  needs_note BYTEA,
  photos TEXT COLLATE "C" NOT NULL,
  return_reason TEXT COLLATE "C",
  return_note BYTEA,
  submitted_at BIGINT,
  reviewed_by UUID REFERENCES users(id),
  reviewed_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((lat_milli IS NULL) = (lng_milli IS NULL)),
  CHECK (ended_at IS NULL OR ended_at >= started_at),
  CHECK (reviewed_by IS NULL OR reviewed_by <> registered_by)
);
CREATE INDEX visits_by_county ON visits (county, id);
CREATE INDEX visits_by_town ON visits (town, id);
CREATE INDEX visits_by_village ON visits (village, id);
CREATE INDEX visits_by_assignee ON visits (assignee, id);
CREATE INDEX visits_by_registrar ON visits (registered_by, id);
CREATE INDEX visits_by_author_day ON visits (registered_by, visit_day);
CREATE INDEX visits_by_home ON visits (member_home_id, visit_day);
CREATE INDEX visits_by_household ON visits (household_id, visit_day);

CREATE TABLE visit_opinions (
  id UUID PRIMARY KEY NOT NULL,
  visit_id UUID NOT NULL REFERENCES visits(id),
  ordinal BIGINT NOT NULL,
  topic TEXT COLLATE "C" NOT NULL,
  opinion BYTEA NOT NULL,
  answer_owed BOOLEAN NOT NULL,
  UNIQUE (visit_id, ordinal)
);

-- `published`: whether its visit was ever submitted. Until then only the author sees it.
CREATE TABLE follow_ups (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  visit_id UUID NOT NULL REFERENCES visits(id),
  member_home_id UUID REFERENCES member_homes(id),
  household_id UUID REFERENCES households(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID NOT NULL REFERENCES users(id),
  published BOOLEAN NOT NULL,
  due_on TEXT COLLATE "C" NOT NULL,
  task BYTEA NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','done','cancelled')),
  outcome TEXT COLLATE "C",
  outcome_note BYTEA,
  closed_by UUID REFERENCES users(id),
  closed_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX follow_ups_by_visit ON follow_ups (visit_id);
CREATE INDEX follow_ups_by_county ON follow_ups (county, id);
CREATE INDEX follow_ups_by_town ON follow_ups (town, id);
CREATE INDEX follow_ups_by_village ON follow_ups (village, id);
CREATE INDEX follow_ups_by_assignee ON follow_ups (assignee, id);
CREATE INDEX follow_ups_by_registrar ON follow_ups (registered_by, id);
CREATE INDEX follow_ups_due ON follow_ups (state, due_on);
