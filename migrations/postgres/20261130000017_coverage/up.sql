-- When each member home was open: a quarter counts the homes that were open in it, whenever it is asked for.
CREATE TABLE home_openings (
  home_id UUID NOT NULL REFERENCES member_homes(id),
  opened_on TEXT COLLATE "C" NOT NULL,
  -- The last day on which it was open; nothing while it is.
  closed_on TEXT COLLATE "C",
  PRIMARY KEY (home_id, opened_on)
);
INSERT INTO home_openings (home_id, opened_on, closed_on)
  SELECT id, to_char(to_timestamp(created_at / 1000000.0) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'), CASE WHEN state = 'closed' THEN to_char(to_timestamp(updated_at / 1000000.0) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') END FROM member_homes;

-- What waits for an answer, in an area.
CREATE INDEX concerns_unanswered ON concerns (county, due_on) WHERE answered_on IS NULL;
CREATE INDEX concerns_by_household ON concerns (household_id) WHERE household_id IS NOT NULL;

-- Quarters that were closed by the rule before this one showed too much. They are closed anew.
DELETE FROM insurance_figures;
DELETE FROM insurance_quarters;
