DROP INDEX concerns_by_household;
DROP INDEX concerns_unanswered;
DROP TABLE home_openings;
