ALTER TABLE feed_lineage RENAME COLUMN instance TO system_identifier;
CREATE SEQUENCE feed_pos;
SELECT setval('feed_pos', value::bigint) FROM meta WHERE key = 'feed_head' AND value <> '0';
DELETE FROM meta WHERE key = 'feed_head';
