DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_together ON deliveries (device_id, next_at) WHERE lane = 1 AND state IN ('pending','retry');
CREATE INDEX deliveries_by_device ON deliveries (device_id, id);
ALTER TABLE push_providers DROP COLUMN held_until;
ALTER TABLE deliveries DROP COLUMN lost_leases;
