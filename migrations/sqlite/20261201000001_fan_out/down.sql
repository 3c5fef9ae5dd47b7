-- PostgreSQL's alone: SQLite's references stay as they are.
SELECT 1;
