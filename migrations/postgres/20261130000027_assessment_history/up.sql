-- What stood before: an assessment counts a year as it was on its last day, whatever was changed since then.

-- What was found of each possession of a home, by days; a day checked anew replaces what stood there. The newest stands
-- in home_possessions, with its note and its photo, which go when a newer one comes.
CREATE TABLE possession_checks (
  home_id UUID NOT NULL REFERENCES member_homes(id),
  kind TEXT COLLATE "C" NOT NULL REFERENCES possession_kinds(kind),
  checked_on TEXT COLLATE "C" NOT NULL,
  present BOOLEAN NOT NULL,
  PRIMARY KEY (home_id, kind, checked_on)
);
INSERT INTO possession_checks (home_id, kind, checked_on, present)
  SELECT home_id, kind, checked_on, present FROM home_possessions;

-- From when until when a family in care had a contact, a doctor, a channel. Who that was stands in care_families alone,
-- while it is so.
CREATE TABLE care_provisions (
  family_id UUID NOT NULL REFERENCES care_families(id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('township_contact','village_contact','doctor','channel')),
  since_on TEXT COLLATE "C" NOT NULL,
  -- The first day on which it was no more.
  until_on TEXT COLLATE "C",
  PRIMARY KEY (family_id, kind, since_on),
  CHECK (until_on IS NULL OR until_on > since_on)
);
CREATE UNIQUE INDEX care_provisions_running ON care_provisions (family_id, kind) WHERE until_on IS NULL;
INSERT INTO care_provisions (family_id, kind, since_on)
  SELECT id, 'township_contact', township_contact_since FROM care_families WHERE township_contact_since IS NOT NULL
  UNION ALL SELECT id, 'village_contact', village_contact_since FROM care_families WHERE village_contact_since IS NOT NULL
  UNION ALL SELECT id, 'doctor', doctor_since FROM care_families WHERE doctor_since IS NOT NULL
  UNION ALL SELECT id, 'channel', channel_since FROM care_families WHERE channel_since IS NOT NULL;

-- From when until when an association was that of a site.
CREATE TABLE site_links (
  site_id UUID NOT NULL REFERENCES sites(id),
  linked_on TEXT COLLATE "C" NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  -- The first day on which it was no more.
  until_on TEXT COLLATE "C",
  PRIMARY KEY (site_id, linked_on),
  CHECK (until_on IS NULL OR until_on > linked_on)
);
CREATE UNIQUE INDEX site_links_running ON site_links (site_id) WHERE until_on IS NULL;
CREATE INDEX site_links_by_association ON site_links (association_id);
INSERT INTO site_links (site_id, linked_on, association_id)
  SELECT id, linked_on, association_id FROM sites WHERE association_id IS NOT NULL;

-- What was known of a term before it was amended, until the day from which it is otherwise.
CREATE TABLE former_terms (
  post_id UUID NOT NULL REFERENCES posts(id),
  until_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  holds_position TEXT COLLATE "C" NOT NULL,
  full_time BOOLEAN NOT NULL,
  civil_servant BOOLEAN NOT NULL,
  five_elders BOOLEAN NOT NULL,
  allowance BIGINT CHECK (allowance >= 0),
  PRIMARY KEY (post_id, until_on)
);

-- When a member was of the backbone and is no more.
CREATE TABLE former_backbone (
  membership_id UUID NOT NULL REFERENCES memberships(id),
  since_on TEXT COLLATE "C" NOT NULL,
  until_on TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (membership_id, since_on),
  CHECK (until_on > since_on)
);

-- Why a subsidy ended: after a death, or where somebody wants none, none is owed any more.
ALTER TABLE retired_subsidies ADD COLUMN ended_because TEXT COLLATE "C" CHECK (ended_because IN ('died','renounced','other'));

-- An office that was told of before there were records of days.
INSERT INTO office_records (id, association_id, as_of, office_rank, office_premises, office_equipped, office_own_line,
    staff_establishment, staff_full_time, staff_by_reference, staff_fit, staff_wages_budgeted, registered_by, created_at)
  SELECT id, id, to_char(to_timestamp(updated_at / 1000000.0) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'), office_rank, office_premises, office_equipped, office_own_line,
    staff_establishment, staff_full_time, staff_by_reference, staff_fit, staff_wages_budgeted, registered_by, updated_at
  FROM associations WHERE (office_rank IS NOT NULL OR staff_establishment IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM office_records o WHERE o.association_id = associations.id);

CREATE INDEX claims_reported ON claims (county, reported_on);
