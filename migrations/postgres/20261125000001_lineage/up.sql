-- How far the feed is numbered stands in a row, not in a sequence: the row comes back from a crash, a dump or
-- a replica exactly as far as the numbers themselves, a sequence somewhere ahead of them.
INSERT INTO meta (key, value)
  SELECT 'feed_head', (CASE WHEN is_called THEN last_value ELSE 0 END)::text FROM feed_pos;
DROP SEQUENCE feed_pos;

-- What a lineage knows its server by is more than the system identifier.
ALTER TABLE feed_lineage RENAME COLUMN system_identifier TO instance;
