DROP TABLE assessment_snapshot_facts;
DROP TABLE assessment_snapshot_sheets;
ALTER TABLE assessment_statements DROP COLUMN decided_remark;
ALTER TABLE assessment_statements DROP COLUMN decided;
CREATE TABLE assessment_vetoes_old (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  decided_by TEXT NOT NULL,
  decided_on TEXT NOT NULL,
  reasons TEXT NOT NULL,
  statement BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('decided','appealed','settled')),
  appealed_on TEXT,
  appeal BLOB,
  settled_on TEXT,
  outcome TEXT CHECK (outcome IN ('upheld','lifted')),
  answer BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year),
  CHECK ((state = 'settled') = (settled_on IS NOT NULL)),
  CHECK ((settled_on IS NULL) = (outcome IS NULL))
) STRICT;
-- Of several in a year the last is kept: those before it were lifted.
INSERT INTO assessment_vetoes_old (id, version, association_id, county, town, village, area_id, year, decided_by, decided_on, reasons, statement, state, appealed_on, appeal, settled_on, outcome, answer, registered_by, created_at, updated_at)
  SELECT id, version, association_id, county, town, village, area_id, year, decided_by, decided_on, reasons, statement, state, appealed_on, appeal, settled_on, outcome, answer, registered_by, created_at, updated_at FROM assessment_vetoes v
  WHERE NOT EXISTS (SELECT 1 FROM assessment_vetoes w WHERE w.association_id = v.association_id AND w.year = v.year AND w.id > v.id);
DROP TABLE assessment_vetoes;
ALTER TABLE assessment_vetoes_old RENAME TO assessment_vetoes;
CREATE INDEX assessment_vetoes_by_area ON assessment_vetoes (area_id, id);
CREATE INDEX assessment_vetoes_by_county ON assessment_vetoes (county, id);
CREATE INDEX assessment_vetoes_by_town ON assessment_vetoes (town, id);
CREATE INDEX assessment_vetoes_by_village ON assessment_vetoes (village, id);
