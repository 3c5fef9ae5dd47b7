-- A feed row is an area's or a person's, hardly ever both: an index that leaves out what it is never asked for
-- is a third less to write, on PostgreSQL once more when the row gets its position.
DROP INDEX changes_by_county;
DROP INDEX changes_by_town;
DROP INDEX changes_by_village;
DROP INDEX changes_by_assignee;
CREATE INDEX changes_by_county ON changes (county, pos) WHERE county IS NOT NULL;
CREATE INDEX changes_by_town ON changes (town, pos) WHERE town IS NOT NULL;
CREATE INDEX changes_by_village ON changes (village, pos) WHERE village IS NOT NULL;
CREATE INDEX changes_by_assignee ON changes (assignee, pos) WHERE assignee IS NOT NULL;
