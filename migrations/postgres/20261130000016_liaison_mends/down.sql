DROP TABLE liaison_peer_keys;
ALTER TABLE liaison_files DROP COLUMN fields;
DROP INDEX liaison_notices_by_due;
DROP INDEX liaison_notices_by_sent;
DROP TABLE liaison_drafts;
