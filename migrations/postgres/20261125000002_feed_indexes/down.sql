DROP INDEX changes_by_county;
DROP INDEX changes_by_town;
DROP INDEX changes_by_village;
DROP INDEX changes_by_assignee;
CREATE INDEX changes_by_county ON changes (county, pos);
CREATE INDEX changes_by_town ON changes (town, pos);
CREATE INDEX changes_by_village ON changes (village, pos);
CREATE INDEX changes_by_assignee ON changes (assignee, pos);
