-- What is looked through for reminders, again and again: only what is open.
CREATE INDEX follow_ups_open ON follow_ups (due_on) WHERE closed_at IS NULL;
CREATE INDEX visits_submitted ON visits (submitted_at) WHERE submitted_at IS NOT NULL AND reviewed_at IS NULL;
CREATE INDEX devices_by_last_seen ON devices (last_seen_at) WHERE revoked_at IS NULL;
