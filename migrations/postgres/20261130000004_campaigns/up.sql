-- Activities of campaigns, templates, feeds of calendars, alarms for phones.

-- An activity at a member home or a public place. `registered_by` planned it, `assignee` organises it. Figures
-- are set once it was reported.
CREATE TABLE activities (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('planned','reported','returned','confirmed','cancelled')),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  campaign_id UUID REFERENCES campaigns(id),
  member_home_id UUID REFERENCES member_homes(id),
  venue TEXT COLLATE "C",
  kind TEXT COLLATE "C" NOT NULL,
  title TEXT COLLATE "C" NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  activity_day TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID NOT NULL REFERENCES users(id),
  participants BIGINT CHECK (participants >= 0),
  leaflets BIGINT CHECK (leaflets >= 0),
  households_informed BIGINT CHECK (households_informed >= 0),
  photos TEXT COLLATE "C" NOT NULL,
  return_reason TEXT COLLATE "C",
  reported_by UUID REFERENCES users(id),
  reported_at BIGINT,
  reviewed_by UUID REFERENCES users(id),
  reviewed_at BIGINT,
  cancelled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (ends_at > starts_at),
  CHECK ((member_home_id IS NULL) <> (venue IS NULL)),
  CHECK (state NOT IN ('reported','confirmed') OR participants IS NOT NULL),
  CHECK (state <> 'confirmed' OR (reviewed_by <> reported_by AND reviewed_by <> assignee))
);
CREATE INDEX activities_by_county ON activities (county, id);
CREATE INDEX activities_by_town ON activities (town, id);
CREATE INDEX activities_by_village ON activities (village, id);
CREATE INDEX activities_by_campaign ON activities (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX activities_by_organiser ON activities (assignee, activity_day);

-- Who told of an activity by radio, television and internet.
CREATE TABLE activity_media (
  activity_id UUID NOT NULL REFERENCES activities(id),
  ordinal BIGINT NOT NULL,
  channel TEXT COLLATE "C" NOT NULL CHECK (channel IN ('radio','television','internet')),
  outlet TEXT COLLATE "C" NOT NULL,
  title TEXT COLLATE "C" NOT NULL,
  published_on TEXT COLLATE "C" NOT NULL,
  link TEXT COLLATE "C",
  PRIMARY KEY (activity_id, ordinal)
);

-- The year before is found by festival and area.
CREATE INDEX campaigns_by_festival ON campaigns (festival_id, area_id, starts_on) WHERE festival_id IS NOT NULL;

-- Words for reminders, shared by all organisers.
CREATE TABLE campaign_templates (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL UNIQUE,
  theme TEXT COLLATE "C" NOT NULL,
  message_zh TEXT COLLATE "C" NOT NULL,
  message_en TEXT COLLATE "C" NOT NULL,
  enabled BOOLEAN NOT NULL,
  created_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- The template that the words came from, materials and budget, and what narrows the audience: JSON, as the plan.
ALTER TABLE campaigns ADD COLUMN template_id UUID;
ALTER TABLE campaigns ADD COLUMN means TEXT COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE campaigns ADD COLUMN audience_limits TEXT COLLATE "C" NOT NULL DEFAULT '{}';

-- Whether a reminder goes to those alone who have not acknowledged.
ALTER TABLE campaign_reminders ADD COLUMN follow_up BOOLEAN NOT NULL DEFAULT FALSE;

-- One address of a calendar a user: whoever holds the token reads it, so the token rests as a keyed hash.
CREATE TABLE calendar_feeds (
  user_id UUID PRIMARY KEY NOT NULL REFERENCES users(id),
  token_hash BYTEA NOT NULL UNIQUE,
  made_at BIGINT NOT NULL
);

-- A campaign in the pocket of somebody whom it will remind: a record of their own, whose instants are the
-- campaign's reminders. `area_id` is where they work, `version` the campaign's.
CREATE TABLE campaign_alarms (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  campaign_id UUID NOT NULL REFERENCES campaigns(id),
  area_id UUID REFERENCES areas(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (campaign_id, user_id)
);
CREATE INDEX campaign_alarms_by_user ON campaign_alarms (user_id, id);

-- Campaigns whose alarms are being given out or taken back, page by page; `reached` is the last user.
CREATE TABLE campaign_alarm_runs (
  campaign_id UUID PRIMARY KEY NOT NULL REFERENCES campaigns(id),
  round BIGINT NOT NULL,
  withdraws BOOLEAN NOT NULL,
  reached UUID
);
