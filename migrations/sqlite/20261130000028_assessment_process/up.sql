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
