DROP TABLE rights_requests;
DROP TABLE privacy_requests;
DROP TABLE person_receipts;
CREATE TABLE consents_old (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  purpose TEXT NOT NULL,
  text_version INTEGER NOT NULL,
  language TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('in_person','phone','app')),
  given_by TEXT NOT NULL CHECK (given_by IN ('self','guardian')),
  given_at INTEGER NOT NULL,
  witnessed_by BLOB NOT NULL REFERENCES users(id),
  withdrawn_at INTEGER,
  withdrawn_channel TEXT,
  withdrawal_recorded_by BLOB
) STRICT;
-- Before, somebody of the staff stood beside each.
INSERT INTO consents_old SELECT id, version, person_id, purpose, text_version, language,
  CASE channel WHEN 'receipt' THEN 'app' ELSE channel END, given_by, given_at,
  COALESCE(witnessed_by, (SELECT p.registered_by FROM persons p WHERE p.id = consents.person_id)),
  withdrawn_at, withdrawn_channel, withdrawal_recorded_by FROM consents;
DROP TABLE consents;
ALTER TABLE consents_old RENAME TO consents;
CREATE UNIQUE INDEX consents_live ON consents (person_id, purpose) WHERE withdrawn_at IS NULL;
CREATE INDEX consents_by_person ON consents (person_id);
