-- Divisions: code rows with their days, change events, records carried along, what an edition's files covered.

-- Every code, name and parent an area ever had, from a day until the day it no longer did. An edition holds from the
-- first of January of its year: the published files name no day.
DROP INDEX area_codes_by_area;
ALTER TABLE area_codes RENAME TO area_codes_before;
CREATE TABLE area_codes (
  area_id BLOB NOT NULL REFERENCES areas(id),
  valid_from TEXT NOT NULL,
  valid_to TEXT,
  edition INTEGER NOT NULL REFERENCES area_editions(edition),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  parent_id BLOB,
  PRIMARY KEY (area_id, valid_from),
  CHECK (valid_to IS NULL OR valid_to >= valid_from)
) STRICT;
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
CREATE TABLE area_changes (
  id BLOB PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('rename','recode','merge','split','transfer','abolish')),
  edition INTEGER NOT NULL REFERENCES area_editions(edition),
  from_area BLOB NOT NULL REFERENCES areas(id),
  to_area BLOB REFERENCES areas(id),
  source TEXT NOT NULL,
  effective_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('applied','carrying','waits_for_person')),
  old_code TEXT,
  new_code TEXT,
  old_name TEXT,
  new_name TEXT,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  settled_by BLOB
) STRICT;
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
  change_id BLOB NOT NULL REFERENCES area_changes(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  PRIMARY KEY (change_id, area_id)
) STRICT;
CREATE INDEX area_change_parts_by_area ON area_change_parts (area_id);

-- Records to be carried along: those in one area to where it is now, or to what it was merged into.
CREATE TABLE area_carries (
  change_id BLOB NOT NULL REFERENCES area_changes(id),
  from_area BLOB NOT NULL REFERENCES areas(id),
  to_area BLOB NOT NULL REFERENCES areas(id),
  carried INTEGER NOT NULL,
  done_at INTEGER,
  PRIMARY KEY (change_id, from_area)
) STRICT;

-- What a person decided about a record that stood in an area that was split or is no more.
CREATE TABLE area_decisions (
  change_id BLOB NOT NULL REFERENCES area_changes(id),
  record_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  to_area BLOB REFERENCES areas(id),
  decided_by BLOB NOT NULL,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (change_id, record_id)
) STRICT;

-- The counties that an edition's files told of, and a digest of what they said.
CREATE TABLE area_coverage (
  county BLOB NOT NULL REFERENCES areas(id),
  edition INTEGER NOT NULL REFERENCES area_editions(edition),
  digest TEXT NOT NULL,
  PRIMARY KEY (county, edition)
) STRICT;
INSERT INTO area_coverage (county, edition, digest)
  SELECT DISTINCT a.county, c.edition, '' FROM area_codes c JOIN areas a ON a.id = c.area_id WHERE a.county IS NOT NULL;

-- People are looked up by where they stand, when an area is no more or goes elsewhere.
CREATE INDEX persons_by_village ON persons (village, id);
