-- What a campaign's people were told of when it was last scheduled: it holds while a change of it waits for its approval.
CREATE TABLE campaign_announcements (
  campaign_id BLOB PRIMARY KEY NOT NULL REFERENCES campaigns(id),
  told TEXT NOT NULL
) STRICT;
INSERT INTO campaign_announcements (campaign_id, told)
  SELECT id, json_object('theme', theme, 'title', title, 'starts_on', starts_on, 'ends_on', ends_on,
    'areas', json(audience_areas), 'roles', json(audience_roles), 'limits', json(audience_limits),
    'message_zh', json(message_zh), 'message_en', json(message_en))
  FROM campaigns WHERE state IN ('scheduled', 'running', 'finished');
