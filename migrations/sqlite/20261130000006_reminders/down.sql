DROP INDEX devices_by_last_seen;
DROP INDEX visits_submitted;
DROP INDEX follow_ups_open;
