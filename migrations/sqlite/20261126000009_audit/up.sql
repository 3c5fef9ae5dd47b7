-- What one person did, newest first.
CREATE INDEX audit_by_actor ON audit_entries (actor_id, id);

-- A short digest of each entry that a seal covers, by which the one that does not fit is named; and when the
-- entries were removed because they had been kept long enough. The seal itself stays.
ALTER TABLE audit_seals ADD COLUMN leaf_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE audit_seals ADD COLUMN removed_at INTEGER;
CREATE INDEX audit_seals_kept ON audit_seals (last_seq) WHERE removed_at IS NULL;

-- Where a record was when it came onto a phone: that is where it is read, as an audit entry is.
ALTER TABLE disclosures ADD COLUMN county BLOB;
ALTER TABLE disclosures ADD COLUMN town BLOB;
ALTER TABLE disclosures ADD COLUMN village BLOB;
UPDATE disclosures SET
  county = (SELECT ch.county FROM changes ch WHERE ch.record_id = disclosures.record_id AND ch.kind = disclosures.kind AND ch.county IS NOT NULL LIMIT 1),
  town = (SELECT ch.town FROM changes ch WHERE ch.record_id = disclosures.record_id AND ch.kind = disclosures.kind AND ch.town IS NOT NULL LIMIT 1),
  village = (SELECT ch.village FROM changes ch WHERE ch.record_id = disclosures.record_id AND ch.kind = disclosures.kind AND ch.village IS NOT NULL LIMIT 1);
