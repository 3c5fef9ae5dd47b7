-- The manners of the push engine (quiet hours, daily caps, digests) and what operators see of it.

-- How many notifications a push announces, and on which day of its receiver it counts against the cap.
ALTER TABLE deliveries ADD COLUMN announces INTEGER NOT NULL DEFAULT 1;
ALTER TABLE deliveries ADD COLUMN counted_on TEXT;

-- With its state, so that the queue is counted from the index alone.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at, state) WHERE state IN ('pending','leased','retry');
-- What waits for one phone in the routine lane and may become one push.
CREATE INDEX deliveries_together ON deliveries (device_id, next_at) WHERE lane = 1 AND state IN ('pending','retry');
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead_letter';

-- When somebody wants no push. No row: as the configuration says.
CREATE TABLE notification_settings (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users(id),
  quiet_from TEXT,
  quiet_until TEXT,
  zone TEXT NOT NULL,
  daily_cap INTEGER,
  digest INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
) STRICT;

-- What a phone was sent on its newest day, and when the last routine push went out. Locked by who counts.
CREATE TABLE push_phones (
  device_id BLOB PRIMARY KEY NOT NULL REFERENCES devices(id),
  day TEXT NOT NULL,
  routine INTEGER NOT NULL,
  campaign INTEGER NOT NULL,
  routine_at INTEGER
) STRICT;

-- What providers took, by minute; each worker has rows of its own, so that none waits for another.
CREATE TABLE push_minutes (
  provider TEXT NOT NULL,
  minute INTEGER NOT NULL,
  worker BLOB NOT NULL,
  accepted INTEGER NOT NULL,
  PRIMARY KEY (provider, minute, worker)
) STRICT;
