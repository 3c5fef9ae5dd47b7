-- When each member home was open: a quarter counts the homes that were open in it, whenever it is asked for.
CREATE TABLE home_openings (
  home_id BLOB NOT NULL REFERENCES member_homes(id),
  opened_on TEXT NOT NULL,
  -- The last day on which it was open; nothing while it is.
  closed_on TEXT,
  PRIMARY KEY (home_id, opened_on)
) STRICT;
INSERT INTO home_openings (home_id, opened_on, closed_on)
  SELECT id, date(created_at / 1000000 + 28800, 'unixepoch'), CASE WHEN state = 'closed' THEN date(updated_at / 1000000 + 28800, 'unixepoch') END FROM member_homes;

-- What waits for an answer, in an area.
CREATE INDEX concerns_unanswered ON concerns (county, due_on) WHERE answered_on IS NULL;
CREATE INDEX concerns_by_household ON concerns (household_id) WHERE household_id IS NOT NULL;

-- Quarters that were closed by the rule before this one showed too much. They are closed anew.
DELETE FROM insurance_figures;
DELETE FROM insurance_quarters;
