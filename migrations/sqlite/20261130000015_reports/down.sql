DROP TABLE concerns;
DROP INDEX follow_ups_overdue;
DROP INDEX activities_by_day;
DROP TABLE insurance_figures;
DROP TABLE insurance_quarters;
