-- Leases of a push that ran out without an end: something about it may kill whoever holds it.
ALTER TABLE deliveries ADD COLUMN lost_leases BIGINT NOT NULL DEFAULT 0;
-- A provider that asks all of us to wait is left alone by every node.
ALTER TABLE push_providers ADD COLUMN held_until BIGINT;

-- What waits for one phone, whatever its lane. (What ended is looked for by its notification.)
DROP INDEX deliveries_by_device;
DROP INDEX deliveries_together;
CREATE INDEX deliveries_waiting ON deliveries (device_id, next_at) WHERE state IN ('pending','retry');

-- The engine alone writes receipts, and of deliveries that it holds: PostgreSQL looked for each row's delivery, and
-- locked it, which was a tenth of all sending. (SQLite's look is cheap.)
ALTER TABLE delivery_receipts DROP CONSTRAINT delivery_receipts_delivery_id_fkey;
