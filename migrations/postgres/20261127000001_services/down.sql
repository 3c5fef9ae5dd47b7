DROP TABLE service_tally;
DROP TABLE services;
DROP TABLE service_kinds;
