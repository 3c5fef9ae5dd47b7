-- What is open, by words joined by OR: SQLite makes a table of three words in IN for each row that it puts into such an
-- index or takes out of it, which was a tenth of all sending.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at, state)
  WHERE state = 'pending' OR state = 'leased' OR state = 'retry';
DROP INDEX deliveries_by_expiry;
CREATE INDEX deliveries_by_expiry ON deliveries (expires_at)
  WHERE state = 'pending' OR state = 'leased' OR state = 'retry';
