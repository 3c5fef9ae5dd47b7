-- Care (生育关怀): programmes and projects of associations, the families that are helped by their own consent, and
-- what was done for them.

-- That a programme is active in an association in a year.
CREATE TABLE care_programmes (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  kind TEXT NOT NULL CHECK (kind IN ('family_holding_hands','three_in_one','happiness_project','adolescent_health_education','family_insurance')),
  year INTEGER NOT NULL,
  began_on TEXT NOT NULL,
  evidence TEXT NOT NULL,
  ended_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year, kind),
  CHECK (ended_on IS NULL OR ended_on >= began_on)
) STRICT;
CREATE INDEX care_programmes_by_area ON care_programmes (area_id, id);
CREATE INDEX care_programmes_by_county ON care_programmes (county, id);
CREATE INDEX care_programmes_by_town ON care_programmes (town, id);
CREATE INDEX care_programmes_by_village ON care_programmes (village, id);

-- A project of a programme. Its plan is the office's, sealed; it names nobody.
CREATE TABLE care_projects (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  programme_id BLOB NOT NULL REFERENCES care_programmes(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  title TEXT NOT NULL,
  plan BLOB,
  budget INTEGER NOT NULL CHECK (budget >= 0),
  begins_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  closed_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (ends_on >= begins_on),
  CHECK (closed_on IS NULL OR closed_on >= begins_on)
) STRICT;
CREATE INDEX care_projects_by_programme ON care_projects (programme_id, id);
CREATE INDEX care_projects_by_association ON care_projects (association_id, begins_on);
CREATE INDEX care_projects_by_area ON care_projects (area_id, id);
CREATE INDEX care_projects_by_county ON care_projects (county, id);
CREATE INDEX care_projects_by_town ON care_projects (town, id);
CREATE INDEX care_projects_by_village ON care_projects (village, id);

-- A lesson of health education: whoever came is counted, and named nowhere.
CREATE TABLE care_sessions (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  project_id BLOB NOT NULL REFERENCES care_projects(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  held_on TEXT NOT NULL,
  participants INTEGER NOT NULL CHECK (participants >= 1),
  hours INTEGER NOT NULL CHECK (hours >= 1),
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX care_sessions_by_project ON care_sessions (project_id, id);
CREATE INDEX care_sessions_by_association ON care_sessions (association_id, held_on);
CREATE INDEX care_sessions_by_area ON care_sessions (area_id, id);
CREATE INDEX care_sessions_by_county ON care_sessions (county, id);
CREATE INDEX care_sessions_by_town ON care_sessions (town, id);
CREATE INDEX care_sessions_by_village ON care_sessions (village, id);

-- A family that is cared for, without a reason. Where it is stands with the household alone.
CREATE TABLE care_families (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  household_id BLOB NOT NULL REFERENCES households(id),
  began_on TEXT NOT NULL,
  special_since TEXT,
  township_contact BLOB REFERENCES users(id),
  township_contact_since TEXT,
  village_contact BLOB REFERENCES users(id),
  village_contact_since TEXT,
  doctor BLOB,
  doctor_since TEXT,
  channel BLOB,
  channel_since TEXT,
  ended_on TEXT,
  ended_because TEXT CHECK (ended_because IN ('own_wish','moved_away','no_longer_entitled','other')),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((township_contact IS NULL) = (township_contact_since IS NULL)),
  CHECK ((village_contact IS NULL) = (village_contact_since IS NULL)),
  CHECK ((doctor IS NULL) = (doctor_since IS NULL)),
  CHECK ((channel IS NULL) = (channel_since IS NULL)),
  CHECK ((ended_on IS NULL) = (ended_because IS NULL)),
  CHECK (ended_on IS NULL OR ended_on >= began_on)
) STRICT;
CREATE UNIQUE INDEX care_families_one_each ON care_families (household_id) WHERE ended_on IS NULL;
CREATE INDEX care_families_by_household ON care_families (household_id, id);
CREATE INDEX care_families_by_township_contact ON care_families (township_contact, id) WHERE township_contact IS NOT NULL;
CREATE INDEX care_families_by_village_contact ON care_families (village_contact, id) WHERE village_contact IS NOT NULL;

-- Help that was given to a family by an association.
CREATE TABLE care_help (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  family_id BLOB NOT NULL REFERENCES care_families(id),
  association_id BLOB NOT NULL REFERENCES associations(id),
  project_id BLOB REFERENCES care_projects(id),
  kind TEXT NOT NULL CHECK (kind IN ('money','goods','service')),
  value INTEGER NOT NULL CHECK (value >= 0),
  given_on TEXT NOT NULL,
  entry_id BLOB REFERENCES fund_entries(id),
  cancelled_at INTEGER,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (entry_id IS NULL OR kind = 'money'),
  CHECK (kind <> 'money' OR value > 0)
) STRICT;
CREATE INDEX care_help_by_family ON care_help (family_id, id);
CREATE INDEX care_help_by_association ON care_help (association_id, given_on);
CREATE INDEX care_help_by_project ON care_help (project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX care_help_by_entry ON care_help (entry_id) WHERE entry_id IS NOT NULL;

-- That a contact saw a family, and no more.
CREATE TABLE care_visits (
  id BLOB PRIMARY KEY NOT NULL,
  family_id BLOB NOT NULL REFERENCES care_families(id),
  contact TEXT NOT NULL CHECK (contact IN ('township','village')),
  visited_by BLOB NOT NULL REFERENCES users(id),
  visited_on TEXT NOT NULL,
  way TEXT NOT NULL CHECK (way IN ('in_person','phone')),
  noted_by BLOB NOT NULL REFERENCES users(id),
  noted_at INTEGER NOT NULL
) STRICT;
CREATE INDEX care_visits_by_family ON care_visits (family_id, visited_on);
