DROP TABLE assessment_snapshot_facts;
DROP TABLE assessment_snapshot_sheets;
ALTER TABLE assessment_statements DROP COLUMN decided_remark;
ALTER TABLE assessment_statements DROP COLUMN decided;
DROP INDEX assessment_vetoes_that_stand;
-- Of several in a year the last is kept: those before it were lifted.
DELETE FROM assessment_vetoes v USING assessment_vetoes w
  WHERE w.association_id = v.association_id AND w.year = v.year AND w.id > v.id;
ALTER TABLE assessment_vetoes ADD UNIQUE (association_id, year);
ALTER TABLE assessment_vetoes DROP COLUMN settled_by;
ALTER TABLE assessment_vetoes DROP COLUMN appealed_by;
