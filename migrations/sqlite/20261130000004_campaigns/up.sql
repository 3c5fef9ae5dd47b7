-- Activities of campaigns, templates, feeds of calendars, alarms for phones.

-- An activity at a member home or a public place. `registered_by` planned it, `assignee` organises it. Figures
-- are set once it was reported.
CREATE TABLE activities (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned','reported','returned','confirmed','cancelled')),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_code TEXT NOT NULL,
  campaign_id BLOB REFERENCES campaigns(id),
  member_home_id BLOB REFERENCES member_homes(id),
  venue TEXT,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  activity_day TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB NOT NULL REFERENCES users(id),
  participants INTEGER CHECK (participants >= 0),
  leaflets INTEGER CHECK (leaflets >= 0),
  households_informed INTEGER CHECK (households_informed >= 0),
  photos TEXT NOT NULL,
  return_reason TEXT,
  reported_by BLOB REFERENCES users(id),
  reported_at INTEGER,
  reviewed_by BLOB REFERENCES users(id),
  reviewed_at INTEGER,
  cancelled_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (ends_at > starts_at),
  CHECK ((member_home_id IS NULL) <> (venue IS NULL)),
  CHECK (state NOT IN ('reported','confirmed') OR participants IS NOT NULL),
  CHECK (state <> 'confirmed' OR (reviewed_by <> reported_by AND reviewed_by <> assignee))
) STRICT;
CREATE INDEX activities_by_county ON activities (county, id);
CREATE INDEX activities_by_town ON activities (town, id);
CREATE INDEX activities_by_village ON activities (village, id);
CREATE INDEX activities_by_campaign ON activities (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX activities_by_organiser ON activities (assignee, activity_day);

-- Who told of an activity by radio, television and internet.
CREATE TABLE activity_media (
  activity_id BLOB NOT NULL REFERENCES activities(id),
  ordinal INTEGER NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('radio','television','internet')),
  outlet TEXT NOT NULL,
  title TEXT NOT NULL,
  published_on TEXT NOT NULL,
  link TEXT,
  PRIMARY KEY (activity_id, ordinal)
) STRICT;

-- The year before is found by festival and area.
CREATE INDEX campaigns_by_festival ON campaigns (festival_id, area_id, starts_on) WHERE festival_id IS NOT NULL;

-- Words for reminders, shared by all organisers.
CREATE TABLE campaign_templates (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  theme TEXT NOT NULL,
  message_zh TEXT NOT NULL,
  message_en TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  created_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- The template that the words came from, materials and budget, and what narrows the audience: JSON, as the plan.
ALTER TABLE campaigns ADD COLUMN template_id BLOB;
ALTER TABLE campaigns ADD COLUMN means TEXT NOT NULL DEFAULT '{}';
ALTER TABLE campaigns ADD COLUMN audience_limits TEXT NOT NULL DEFAULT '{}';

-- Whether a reminder goes to those alone who have not acknowledged.
ALTER TABLE campaign_reminders ADD COLUMN follow_up INTEGER NOT NULL DEFAULT 0;

-- One address of a calendar a user: whoever holds the token reads it, so the token rests as a keyed hash.
CREATE TABLE calendar_feeds (
  user_id BLOB PRIMARY KEY NOT NULL REFERENCES users(id),
  token_hash BLOB NOT NULL UNIQUE,
  made_at INTEGER NOT NULL
) STRICT;

-- A campaign in the pocket of somebody whom it will remind: a record of their own, whose instants are the
-- campaign's reminders. `area_id` is where they work, `version` the campaign's.
CREATE TABLE campaign_alarms (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  campaign_id BLOB NOT NULL REFERENCES campaigns(id),
  area_id BLOB REFERENCES areas(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (campaign_id, user_id)
) STRICT;
CREATE INDEX campaign_alarms_by_user ON campaign_alarms (user_id, id);

-- Campaigns whose alarms are being given out or taken back, page by page; `reached` is the last user.
CREATE TABLE campaign_alarm_runs (
  campaign_id BLOB PRIMARY KEY NOT NULL REFERENCES campaigns(id),
  round INTEGER NOT NULL,
  withdraws INTEGER NOT NULL,
  reached BLOB
) STRICT;
