DROP TABLE rating_consequences;
DROP TRIGGER fund_entries_no_update;
CREATE TRIGGER fund_entries_no_update BEFORE UPDATE ON fund_entries BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;
ALTER TABLE fund_accounts DROP COLUMN holds_cash;
ALTER TABLE implementations DROP COLUMN settled_by;
