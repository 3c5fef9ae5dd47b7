DROP TABLE member_cards;
DROP TABLE memberships;
DROP TABLE posts;
DROP TABLE post_rules;
DROP TABLE associations;
