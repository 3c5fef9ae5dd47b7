DROP TABLE follow_ups;
DROP TABLE visit_opinions;
DROP TABLE visits;
DROP TABLE home_possessions;
DROP TABLE member_homes;
DROP TABLE possession_kinds;
