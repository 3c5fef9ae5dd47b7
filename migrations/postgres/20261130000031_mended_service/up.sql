-- What a campaign's people were told of when it was last scheduled: it holds while a change of it waits for its approval.
CREATE TABLE campaign_announcements (
  campaign_id UUID PRIMARY KEY REFERENCES campaigns(id),
  told TEXT COLLATE "C" NOT NULL
);
INSERT INTO campaign_announcements (campaign_id, told)
  SELECT id, json_build_object('theme', theme, 'title', title, 'starts_on', starts_on, 'ends_on', ends_on,
    'areas', audience_areas::json, 'roles', audience_roles::json, 'limits', audience_limits::json,
    'message_zh', message_zh::json, 'message_en', message_en::json)::text
  FROM campaigns WHERE state IN ('scheduled', 'running', 'finished');
