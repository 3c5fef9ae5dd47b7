-- What is looked through for reminders, again and again, without reading what is over.
CREATE INDEX follow_ups_open ON follow_ups (due_on) WHERE closed_at IS NULL;
CREATE INDEX visits_by_state ON visits (state, id);
CREATE INDEX devices_by_last_seen ON devices (last_seen_at) WHERE revoked_at IS NULL;
