DROP TABLE rating_consequences;
DROP TRIGGER fund_entries_append_only ON fund_entries;
CREATE TRIGGER fund_entries_append_only BEFORE UPDATE OR DELETE ON fund_entries
  FOR EACH ROW EXECUTE FUNCTION fund_ledger_is_append_only();
ALTER TABLE fund_accounts DROP COLUMN holds_cash;
ALTER TABLE implementations DROP COLUMN settled_by;
