DROP TABLE care_visits;
DROP TABLE care_help;
DROP TABLE care_families;
DROP TABLE care_sessions;
DROP TABLE care_projects;
DROP TABLE care_programmes;
