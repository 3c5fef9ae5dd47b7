DELETE FROM consents WHERE refused;
ALTER TABLE consents DROP COLUMN refused;
