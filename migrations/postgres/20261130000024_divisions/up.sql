-- Divisions: code rows with their days, change events, records carried along, what an edition's files covered.

-- Every code, name and parent an area ever had, from a day until the day it no longer did. An edition holds from the
-- first of January of its year: the published files name no day.
DROP INDEX area_codes_by_area;
ALTER TABLE area_codes RENAME TO area_codes_before;
ALTER INDEX area_codes_pkey RENAME TO area_codes_before_pkey;
CREATE TABLE area_codes (
  area_id UUID NOT NULL REFERENCES areas(id),
  valid_from TEXT COLLATE "C" NOT NULL,
  valid_to TEXT COLLATE "C",
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  code TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  parent_id UUID,
  PRIMARY KEY (area_id, valid_from),
  CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
INSERT INTO area_codes (area_id, valid_from, valid_to, edition, code, name, parent_id)
  SELECT b.area_id, b.edition || '-01-01',
    COALESCE(LEAD(b.edition || '-01-01') OVER (PARTITION BY b.area_id ORDER BY b.edition),
             CASE WHEN a.abolished_on < b.edition || '-01-01' THEN b.edition || '-01-01' ELSE a.abolished_on END),
    b.edition, b.code, b.name, a.parent_id
  FROM area_codes_before b JOIN areas a ON a.id = b.area_id;
DROP TABLE area_codes_before;
CREATE INDEX area_codes_by_code ON area_codes (code, valid_from);
CREATE INDEX area_codes_by_parent ON area_codes (parent_id, code);
-- What is no more: the areas as they lay on a day of the past.
CREATE INDEX area_codes_closed ON area_codes (valid_to) WHERE valid_to IS NOT NULL;

-- What became of an area. `to_area` is what it was merged into, or what it lies in since a transfer.
ALTER TABLE area_changes RENAME TO area_changes_before;
ALTER INDEX area_changes_pkey RENAME TO area_changes_before_pkey;
CREATE TABLE area_changes (
  id UUID PRIMARY KEY NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('rename','recode','merge','split','transfer','abolish')),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  from_area UUID NOT NULL REFERENCES areas(id),
  to_area UUID REFERENCES areas(id),
  source TEXT COLLATE "C" NOT NULL,
  effective_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('applied','carrying','waits_for_person')),
  old_code TEXT COLLATE "C",
  new_code TEXT COLLATE "C",
  old_name TEXT COLLATE "C",
  new_name TEXT COLLATE "C",
  created_at BIGINT NOT NULL,
  settled_at BIGINT,
  settled_by UUID
);
INSERT INTO area_changes (id, kind, edition, from_area, to_area, source, effective_on, state, created_at)
  SELECT id, kind, edition, from_area, to_area, source, effective_on, state, created_at FROM area_changes_before;
DROP TABLE area_changes_before;
CREATE INDEX area_changes_by_area ON area_changes (from_area, effective_on);
CREATE INDEX area_changes_into ON area_changes (to_area) WHERE to_area IS NOT NULL;
CREATE INDEX area_changes_by_state ON area_changes (state, id);
CREATE INDEX area_changes_by_code ON area_changes (old_code, effective_on) WHERE old_code IS NOT NULL;
CREATE INDEX area_changes_by_time ON area_changes (created_at);

-- The parts an area was split into.
CREATE TABLE area_change_parts (
  change_id UUID NOT NULL REFERENCES area_changes(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  PRIMARY KEY (change_id, area_id)
);
CREATE INDEX area_change_parts_by_area ON area_change_parts (area_id);

-- Records to be carried along: those in one area to where it is now, or to what it was merged into.
CREATE TABLE area_carries (
  change_id UUID NOT NULL REFERENCES area_changes(id),
  from_area UUID NOT NULL REFERENCES areas(id),
  to_area UUID NOT NULL REFERENCES areas(id),
  carried BIGINT NOT NULL,
  done_at BIGINT,
  PRIMARY KEY (change_id, from_area)
);

-- What a person decided about a record that stood in an area that was split or is no more.
CREATE TABLE area_decisions (
  change_id UUID NOT NULL REFERENCES area_changes(id),
  record_id UUID NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  to_area UUID REFERENCES areas(id),
  decided_by UUID NOT NULL,
  decided_at BIGINT NOT NULL,
  PRIMARY KEY (change_id, record_id)
);

-- The counties that an edition's files told of, and a digest of what they said.
CREATE TABLE area_coverage (
  county UUID NOT NULL REFERENCES areas(id),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  digest TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (county, edition)
);
INSERT INTO area_coverage (county, edition, digest)
  SELECT DISTINCT a.county, c.edition, '' FROM area_codes c JOIN areas a ON a.id = c.area_id WHERE a.county IS NOT NULL;

-- People are looked up by where they stand, when an area is no more or goes elsewhere.
CREATE INDEX persons_by_village ON persons (village, id);
