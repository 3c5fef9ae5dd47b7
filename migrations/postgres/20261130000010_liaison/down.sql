DROP TABLE household_tally;
DROP TABLE liaison_files;
DROP TABLE liaison_withdrawals;
DROP TABLE liaison_scopes;
DROP TABLE liaison_fields;
DROP TABLE liaison_notices;
DROP TABLE liaison_peers;
DROP TABLE work_days;
