-- Who appealed against a veto and who decided on that are different people, and neither recorded it. A veto that was lifted
-- is none: another may follow it in the same year.
CREATE TABLE assessment_vetoes_new (
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
  appealed_by BLOB REFERENCES users(id),
  settled_by BLOB REFERENCES users(id),
  CHECK (appealed_by IS NULL OR appealed_by <> registered_by),
  CHECK (settled_by IS NULL OR settled_by <> registered_by),
  CHECK (settled_by IS NULL OR appealed_by IS NULL OR settled_by <> appealed_by),
  CHECK ((state = 'settled') = (settled_on IS NOT NULL)),
  CHECK ((settled_on IS NULL) = (outcome IS NULL))
) STRICT;
INSERT INTO assessment_vetoes_new (id, version, association_id, county, town, village, area_id, year, decided_by, decided_on, reasons, statement, state, appealed_on, appeal, settled_on, outcome, answer, registered_by, created_at, updated_at)
  SELECT id, version, association_id, county, town, village, area_id, year, decided_by, decided_on, reasons, statement, state, appealed_on, appeal, settled_on, outcome, answer, registered_by, created_at, updated_at FROM assessment_vetoes;
DROP TABLE assessment_vetoes;
ALTER TABLE assessment_vetoes_new RENAME TO assessment_vetoes;
CREATE INDEX assessment_vetoes_by_area ON assessment_vetoes (area_id, id);
CREATE INDEX assessment_vetoes_by_county ON assessment_vetoes (county, id);
CREATE INDEX assessment_vetoes_by_town ON assessment_vetoes (town, id);
CREATE INDEX assessment_vetoes_by_village ON assessment_vetoes (village, id);
CREATE UNIQUE INDEX assessment_vetoes_that_stand ON assessment_vetoes (association_id, year)
  WHERE outcome IS NULL OR outcome = 'upheld';

-- A decision stands beside the finding of the review, which stays as it was.
ALTER TABLE assessment_statements ADD COLUMN decided TEXT CHECK (decided IN ('met','not_met','not_applicable'));
ALTER TABLE assessment_statements ADD COLUMN decided_remark BLOB;

-- The sheets of a frozen year, one for each area: whoever works there reads and verifies their own by the digest that the
-- signed document holds of it. County, town and village are where the area lay then.
CREATE TABLE assessment_snapshot_sheets (
  snapshot_id BLOB NOT NULL REFERENCES assessment_snapshots(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  content TEXT NOT NULL,
  PRIMARY KEY (snapshot_id, area_id)
) STRICT;
CREATE INDEX assessment_snapshot_sheets_by_area ON assessment_snapshot_sheets (area_id, year, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_county ON assessment_snapshot_sheets (county, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_town ON assessment_snapshot_sheets (town, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_village ON assessment_snapshot_sheets (village, snapshot_id);

-- The facts that the figures of a frozen year were counted from, as they were then: a row for each source.
CREATE TABLE assessment_snapshot_facts (
  snapshot_id BLOB NOT NULL REFERENCES assessment_snapshots(id),
  source TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (snapshot_id, source)
) STRICT;

CREATE TRIGGER assessment_snapshot_sheets_stay BEFORE UPDATE ON assessment_snapshot_sheets
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;
CREATE TRIGGER assessment_snapshot_sheets_remain BEFORE DELETE ON assessment_snapshot_sheets
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;
CREATE TRIGGER assessment_snapshot_facts_stay BEFORE UPDATE ON assessment_snapshot_facts
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;
CREATE TRIGGER assessment_snapshot_facts_remain BEFORE DELETE ON assessment_snapshot_facts
  BEGIN SELECT RAISE(ABORT, 'a frozen year does not change'); END;
