DROP TABLE rights_requests;
DROP TABLE privacy_requests;
DROP TABLE person_receipts;
ALTER TABLE consents DROP CONSTRAINT consents_witness_check;
-- Before, somebody of the staff stood beside each.
UPDATE consents SET channel = 'app', witnessed_by = (SELECT p.registered_by FROM persons p WHERE p.id = consents.person_id)
  WHERE channel = 'receipt';
ALTER TABLE consents DROP CONSTRAINT consents_channel_check;
ALTER TABLE consents ADD CONSTRAINT consents_channel_check CHECK (channel IN ('in_person','phone','app'));
ALTER TABLE consents ALTER COLUMN witnessed_by SET NOT NULL;
