ALTER TABLE feed_lineage RENAME COLUMN instance TO system_identifier;
