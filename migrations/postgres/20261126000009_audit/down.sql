ALTER TABLE disclosures DROP COLUMN village;
ALTER TABLE disclosures DROP COLUMN town;
ALTER TABLE disclosures DROP COLUMN county;
DROP INDEX audit_seals_kept;
ALTER TABLE audit_seals DROP COLUMN removed_at;
ALTER TABLE audit_seals DROP COLUMN leaf_hash;
DROP INDEX audit_by_actor;
