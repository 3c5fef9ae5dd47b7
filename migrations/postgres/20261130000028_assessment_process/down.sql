DROP TABLE assessment_snapshot_facts;
DROP TABLE assessment_snapshot_sheets;
