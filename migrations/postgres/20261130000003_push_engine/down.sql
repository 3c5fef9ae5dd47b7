DROP TABLE push_minutes;
DROP TABLE push_phones;
DROP TABLE notification_settings;
DROP INDEX deliveries_dead;
DROP INDEX deliveries_together;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at) WHERE state IN ('pending','leased','retry');
ALTER TABLE deliveries DROP COLUMN counted_on;
ALTER TABLE deliveries DROP COLUMN announces;
