DROP INDEX persons_by_village;
DROP TABLE area_coverage;
DROP TABLE area_decisions;
DROP TABLE area_carries;
DROP TABLE area_change_parts;
DROP INDEX area_changes_by_time;
DROP INDEX area_changes_by_code;
DROP INDEX area_changes_by_state;
DROP INDEX area_changes_into;
DROP INDEX area_changes_by_area;
ALTER TABLE area_changes RENAME TO area_changes_after;
ALTER INDEX area_changes_pkey RENAME TO area_changes_after_pkey;
CREATE TABLE area_changes (
  id UUID PRIMARY KEY NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('rename','recode','merge','split','transfer','abolish')),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  from_area UUID NOT NULL REFERENCES areas(id),
  to_area UUID REFERENCES areas(id),
  source TEXT COLLATE "C" NOT NULL,
  effective_on TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('applied','waits_for_person')),
  created_at BIGINT NOT NULL
);
INSERT INTO area_changes (id, kind, edition, from_area, to_area, source, effective_on, state, created_at)
  SELECT id, kind, edition, from_area, to_area, source, effective_on,
    CASE WHEN state = 'carrying' THEN 'applied' ELSE state END, created_at FROM area_changes_after;
DROP TABLE area_changes_after;
DROP INDEX area_codes_closed;
DROP INDEX area_codes_by_parent;
DROP INDEX area_codes_by_code;
ALTER TABLE area_codes RENAME TO area_codes_after;
ALTER INDEX area_codes_pkey RENAME TO area_codes_after_pkey;
CREATE TABLE area_codes (
  area_id UUID NOT NULL REFERENCES areas(id),
  edition BIGINT NOT NULL REFERENCES area_editions(edition),
  code TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  valid_from TEXT COLLATE "C",
  valid_to TEXT COLLATE "C",
  PRIMARY KEY (code, edition)
);
INSERT INTO area_codes (area_id, edition, code, name, valid_from, valid_to)
  SELECT area_id, edition, code, name, valid_from, valid_to FROM (
    SELECT a.*, ROW_NUMBER() OVER (PARTITION BY code, edition ORDER BY valid_from DESC) AS newest FROM area_codes_after a
  ) rows WHERE newest = 1;
DROP TABLE area_codes_after;
CREATE INDEX area_codes_by_area ON area_codes (area_id, edition);
