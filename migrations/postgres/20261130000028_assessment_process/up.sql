-- The sheets of a frozen year, one for each area: whoever works there reads and verifies their own by the digest that the
-- signed document holds of it. County, town and village are where the area lay then.
CREATE TABLE assessment_snapshot_sheets (
  snapshot_id UUID NOT NULL REFERENCES assessment_snapshots(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  year BIGINT NOT NULL CHECK (year BETWEEN 1990 AND 2999),
  content TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (snapshot_id, area_id)
);
CREATE INDEX assessment_snapshot_sheets_by_area ON assessment_snapshot_sheets (area_id, year, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_county ON assessment_snapshot_sheets (county, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_town ON assessment_snapshot_sheets (town, snapshot_id);
CREATE INDEX assessment_snapshot_sheets_by_village ON assessment_snapshot_sheets (village, snapshot_id);

-- The facts that the figures of a frozen year were counted from, as they were then: a row for each source.
CREATE TABLE assessment_snapshot_facts (
  snapshot_id UUID NOT NULL REFERENCES assessment_snapshots(id),
  source TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (snapshot_id, source)
);

CREATE TRIGGER assessment_snapshot_sheets_stay BEFORE UPDATE OR DELETE ON assessment_snapshot_sheets
  FOR EACH ROW EXECUTE FUNCTION assessment_snapshots_stay();
CREATE TRIGGER assessment_snapshot_sheets_remain BEFORE TRUNCATE ON assessment_snapshot_sheets
  FOR EACH STATEMENT EXECUTE FUNCTION assessment_snapshots_stay();
CREATE TRIGGER assessment_snapshot_facts_stay BEFORE UPDATE OR DELETE ON assessment_snapshot_facts
  FOR EACH ROW EXECUTE FUNCTION assessment_snapshots_stay();
CREATE TRIGGER assessment_snapshot_facts_remain BEFORE TRUNCATE ON assessment_snapshot_facts
  FOR EACH STATEMENT EXECUTE FUNCTION assessment_snapshots_stay();
