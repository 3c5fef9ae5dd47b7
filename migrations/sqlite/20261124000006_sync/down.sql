DROP TABLE disclosures;
DROP TABLE device_sync;
DROP TABLE sync_resting;
DROP TABLE sync_operations;
DROP INDEX changes_of_everybody;
DROP INDEX feed_lineage_by_time;
DROP INDEX changes_gone;
