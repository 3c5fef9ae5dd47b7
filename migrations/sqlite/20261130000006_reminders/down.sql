DROP INDEX devices_by_last_seen;
DROP INDEX visits_by_state;
DROP INDEX follow_ups_open;
