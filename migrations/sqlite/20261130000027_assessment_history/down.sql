DROP INDEX claims_reported;
ALTER TABLE retired_subsidies DROP COLUMN ended_because;
DROP TABLE former_backbone;
DROP TABLE former_terms;
DROP TABLE site_links;
DROP TABLE care_provisions;
DROP TABLE possession_checks;
