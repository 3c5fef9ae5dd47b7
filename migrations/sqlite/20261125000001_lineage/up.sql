-- What a lineage knows its server by is more than a system identifier. (How far the feed is numbered is
-- its greatest position here; PostgreSQL, which numbers later, keeps it in a row of `meta`.)
ALTER TABLE feed_lineage RENAME COLUMN system_identifier TO instance;
