-- Member homes, visits and what is left to do after them.

-- The five possessions (五有) are data: another year's scheme may name others.
CREATE TABLE possession_kinds (
  kind TEXT PRIMARY KEY NOT NULL,
  ordinal INTEGER NOT NULL,
  label_zh TEXT NOT NULL,
  label_en TEXT NOT NULL
) STRICT;
INSERT INTO possession_kinds (kind, ordinal, label_zh, label_en) VALUES
  ('premises', 1, '有场所', 'Premises'),
  ('sign', 2, '有牌子', 'Sign'),
  ('rules', 3, '有制度', 'Rules'),
  ('equipment', 4, '有设施', 'Equipment'),
  ('activities', 5, '有活动', 'Activities');

-- A home is a public place: its address and hours are nobody's personal data.
CREATE TABLE member_homes (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  title TEXT NOT NULL,
  site_address TEXT NOT NULL,
  opening_hours TEXT,
  keeper_id BLOB REFERENCES users(id),
  state TEXT NOT NULL CHECK (state IN ('open','closed')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX member_homes_by_county ON member_homes (county, id);
CREATE INDEX member_homes_by_town ON member_homes (town, id);
CREATE INDEX member_homes_by_village ON member_homes (village, id);

-- The newest evidence of each possession of a home.
CREATE TABLE home_possessions (
  id BLOB PRIMARY KEY NOT NULL,
  home_id BLOB NOT NULL REFERENCES member_homes(id),
  kind TEXT NOT NULL REFERENCES possession_kinds(kind),
  present INTEGER NOT NULL,
  checked_on TEXT NOT NULL,
  checked_by BLOB NOT NULL REFERENCES users(id),
  note BLOB,
  photo TEXT,
  updated_at INTEGER NOT NULL,
  UNIQUE (home_id, kind)
) STRICT;

-- A visit goes to one member home or one household. Positions are thousandths of a
-- degree, about 100 m: finer ones are never stored.
CREATE TABLE visits (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft','submitted','returned','confirmed')),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_code TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  member_home_id BLOB REFERENCES member_homes(id),
  household_id BLOB REFERENCES households(id),
  purpose TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  visit_day TEXT NOT NULL,
  companions TEXT NOT NULL,
  lat_milli INTEGER CHECK (lat_milli BETWEEN -90000 AND 90000),
  lng_milli INTEGER CHECK (lng_milli BETWEEN -180000 AND 180000),
  offered TEXT NOT NULL,
  needs_voiced TEXT NOT NULL,
  needs_note BLOB,
  photos TEXT NOT NULL,
  return_reason TEXT,
  return_note BLOB,
  submitted_at INTEGER,
  reviewed_by BLOB REFERENCES users(id),
  reviewed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((lat_milli IS NULL) = (lng_milli IS NULL)),
  CHECK (ended_at IS NULL OR ended_at >= started_at),
  CHECK (reviewed_by IS NULL OR reviewed_by <> registered_by)
) STRICT;
CREATE INDEX visits_by_county ON visits (county, id);
CREATE INDEX visits_by_town ON visits (town, id);
CREATE INDEX visits_by_village ON visits (village, id);
CREATE INDEX visits_by_assignee ON visits (assignee, id);
CREATE INDEX visits_by_registrar ON visits (registered_by, id);
CREATE INDEX visits_by_author_day ON visits (registered_by, visit_day);
CREATE INDEX visits_by_home ON visits (member_home_id, visit_day);
CREATE INDEX visits_by_household ON visits (household_id, visit_day);

CREATE TABLE visit_opinions (
  id BLOB PRIMARY KEY NOT NULL,
  visit_id BLOB NOT NULL REFERENCES visits(id),
  ordinal INTEGER NOT NULL,
  topic TEXT NOT NULL,
  opinion BLOB NOT NULL,
  answer_owed INTEGER NOT NULL,
  UNIQUE (visit_id, ordinal)
) STRICT;

-- `published`: whether its visit was ever submitted. Until then only the author sees it.
CREATE TABLE follow_ups (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  visit_id BLOB NOT NULL REFERENCES visits(id),
  member_home_id BLOB REFERENCES member_homes(id),
  household_id BLOB REFERENCES households(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB NOT NULL REFERENCES users(id),
  published INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  task BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','done','cancelled')),
  outcome TEXT,
  outcome_note BLOB,
  closed_by BLOB REFERENCES users(id),
  closed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT;
CREATE INDEX follow_ups_by_visit ON follow_ups (visit_id);
CREATE INDEX follow_ups_by_county ON follow_ups (county, id);
CREATE INDEX follow_ups_by_town ON follow_ups (town, id);
CREATE INDEX follow_ups_by_village ON follow_ups (village, id);
CREATE INDEX follow_ups_by_assignee ON follow_ups (assignee, id);
CREATE INDEX follow_ups_by_registrar ON follow_ups (registered_by, id);
CREATE INDEX follow_ups_due ON follow_ups (state, due_on);
