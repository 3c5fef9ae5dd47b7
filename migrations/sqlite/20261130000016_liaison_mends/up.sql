-- When each field of a draft was changed last, for phones that amend it.
CREATE TABLE liaison_drafts (
  notice_id BLOB PRIMARY KEY NOT NULL REFERENCES liaison_notices(id),
  field_versions TEXT NOT NULL
) STRICT;
-- What is counted of a quarter: what was sent in it, and what was due in it.
CREATE INDEX liaison_notices_by_sent ON liaison_notices (county, sent_on) WHERE sent_on IS NOT NULL;
CREATE INDEX liaison_notices_by_due ON liaison_notices (county, due_on) WHERE due_on IS NOT NULL;

-- What a withdrawal that came in takes back: these fields, or with none of them all. It is kept for a notice that comes
-- after it.
ALTER TABLE liaison_files ADD COLUMN fields TEXT;

-- Keys of other offices that newer ones replaced, and until when what they signed is still taken.
CREATE TABLE liaison_peer_keys (
  key_digest TEXT PRIMARY KEY NOT NULL,
  peer_id BLOB NOT NULL REFERENCES liaison_peers(id),
  signing_key TEXT NOT NULL,
  sealing_key TEXT NOT NULL,
  replaced_at INTEGER NOT NULL,
  taken_until TEXT
) STRICT;
