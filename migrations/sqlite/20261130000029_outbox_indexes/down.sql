DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at, state) WHERE state IN ('pending','leased','retry');
DROP INDEX deliveries_by_expiry;
CREATE INDEX deliveries_by_expiry ON deliveries (expires_at) WHERE state IN ('pending','leased','retry');
