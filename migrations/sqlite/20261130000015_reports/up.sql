-- What is counted of insurance by quarter and area, as it may be shown, once and for all when the quarter is
-- closed: no count of few rests here, and nothing leads from a row to anybody.
CREATE TABLE insurance_quarters (
  province BLOB NOT NULL REFERENCES areas(id),
  quarter TEXT NOT NULL,
  closed_at INTEGER NOT NULL,
  PRIMARY KEY (province, quarter)
) STRICT;

-- Areas in which something was counted or is hidden; of every other one all is zero.
CREATE TABLE insurance_figures (
  area_id BLOB NOT NULL REFERENCES areas(id),
  quarter TEXT NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (area_id, quarter)
) STRICT;
CREATE INDEX activities_by_day ON activities (county, activity_day);
CREATE INDEX follow_ups_overdue ON follow_ups (county, due_on) WHERE closed_at IS NULL;

-- Opinions and needs that were voiced at a visit, each with the answer that is owed.
CREATE TABLE concerns (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  visit_id BLOB NOT NULL REFERENCES visits(id),
  -- The opinion of the visit that it is, where it is one; an amendment of the visit may have replaced it since.
  opinion_id BLOB,
  member_home_id BLOB REFERENCES member_homes(id),
  household_id BLOB REFERENCES households(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_code TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  topic TEXT,
  need TEXT,
  told BLOB,
  voiced_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open','referred','answered')),
  due_on TEXT NOT NULL,
  due_provisional INTEGER NOT NULL,
  referred_to TEXT,
  referred_office BLOB,
  referred_on TEXT,
  referred_by BLOB REFERENCES users(id),
  answer BLOB,
  answered_on TEXT,
  answered_by BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((topic IS NULL) <> (need IS NULL)),
  CHECK ((topic IS NULL) = (opinion_id IS NULL)),
  CHECK ((member_home_id IS NULL) <> (household_id IS NULL)),
  CHECK ((referred_to IS NULL) = (referred_on IS NULL)),
  CHECK ((state = 'answered') = (answered_on IS NOT NULL))
) STRICT;
CREATE INDEX concerns_by_visit ON concerns (visit_id);
CREATE INDEX concerns_by_county ON concerns (county, id);
CREATE INDEX concerns_by_town ON concerns (town, id);
CREATE INDEX concerns_by_village ON concerns (village, id);
CREATE INDEX concerns_by_assignee ON concerns (assignee, id);
CREATE INDEX concerns_by_registrar ON concerns (registered_by, id);
CREATE INDEX concerns_owed ON concerns (due_on) WHERE answered_on IS NULL;
