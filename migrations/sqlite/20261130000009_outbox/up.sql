-- Leases of a push that ran out without an end: something about it may kill whoever holds it.
ALTER TABLE deliveries ADD COLUMN lost_leases INTEGER NOT NULL DEFAULT 0;
-- A provider that asks all of us to wait is left alone by every node.
ALTER TABLE push_providers ADD COLUMN held_until INTEGER;

-- What waits for one phone, whatever its lane. (What ended is looked for by its notification.)
DROP INDEX deliveries_by_device;
DROP INDEX deliveries_together;
CREATE INDEX deliveries_waiting ON deliveries (device_id, next_at) WHERE state IN ('pending','retry');
