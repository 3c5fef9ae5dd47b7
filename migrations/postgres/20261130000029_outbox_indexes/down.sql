-- SQLite's alone: PostgreSQL's indexes stay as they are.
SELECT 1;
