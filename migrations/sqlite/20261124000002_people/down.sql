DROP TABLE residence_episodes;
DROP TABLE residents;
DROP TABLE consents;
DROP TABLE consent_texts;
DROP TABLE persons;
DROP TABLE households;
