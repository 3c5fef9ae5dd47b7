-- The manners of the push engine (quiet hours, daily caps, digests) and what operators see of it.

-- How many notifications a push announces, and on which day of its receiver it counts against the cap.
ALTER TABLE deliveries ADD COLUMN announces BIGINT NOT NULL DEFAULT 1;
ALTER TABLE deliveries ADD COLUMN counted_on TEXT COLLATE "C";

-- With its state, so that the queue is counted from the index alone.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at, state) WHERE state IN ('pending','leased','retry');
-- What waits for one phone in the routine lane and may become one push.
CREATE INDEX deliveries_together ON deliveries (device_id, next_at) WHERE lane = 1 AND state IN ('pending','retry');
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 'dead_letter';

-- When somebody wants no push. No row: as the configuration says.
CREATE TABLE notification_settings (
  user_id UUID PRIMARY KEY NOT NULL REFERENCES users(id),
  quiet_from TEXT COLLATE "C",
  quiet_until TEXT COLLATE "C",
  zone TEXT COLLATE "C" NOT NULL,
  daily_cap BIGINT,
  digest BOOLEAN NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);

-- What a phone was sent on its newest day, and when the last routine push went out. Locked by who counts.
CREATE TABLE push_phones (
  device_id UUID PRIMARY KEY NOT NULL REFERENCES devices(id),
  day TEXT COLLATE "C" NOT NULL,
  routine BIGINT NOT NULL,
  campaign BIGINT NOT NULL,
  routine_at BIGINT
);

-- What providers took, by minute; each worker has rows of its own, so that none waits for another.
CREATE TABLE push_minutes (
  provider TEXT COLLATE "C" NOT NULL,
  minute BIGINT NOT NULL,
  worker UUID NOT NULL,
  accepted BIGINT NOT NULL,
  PRIMARY KEY (provider, minute, worker)
);
