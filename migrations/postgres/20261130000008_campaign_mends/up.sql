-- Of which part of its plan a reminder is: `days_before` the campaign's first day as it was then, or one instant.
-- `due_at` may move, these do not, so that nothing that went out is made again. `occurrence_id` follows from them.
ALTER TABLE campaign_reminders ADD COLUMN planned_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_reminders ADD COLUMN of_day TEXT COLLATE "C";
ALTER TABLE campaign_reminders ADD COLUMN days_before BIGINT;
ALTER TABLE campaign_reminders ADD COLUMN occurrence_id UUID NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
UPDATE campaign_reminders SET planned_at = due_at, occurrence_id = id;

-- Who wrote what waits for an approval, each with the version they first wrote since the last one.
CREATE TABLE campaign_writers (
  campaign_id UUID NOT NULL REFERENCES campaigns(id),
  user_id UUID NOT NULL REFERENCES users(id),
  version BIGINT NOT NULL,
  PRIMARY KEY (campaign_id, user_id)
);
INSERT INTO campaign_writers SELECT id, created_by, 1 FROM campaigns WHERE state = 'draft';
INSERT INTO campaign_writers SELECT id, amended_by, version FROM campaigns
  WHERE state = 'draft' AND amended_by IS NOT NULL AND amended_by <> created_by;

-- What is over is found by its last day, and what concerns a place by its area.
CREATE INDEX campaigns_by_end ON campaigns (state, ends_on);
CREATE INDEX campaigns_by_area_end ON campaigns (area_id, ends_on);
CREATE INDEX activities_by_state ON activities (state, id);

-- A run stays while its campaign will remind, and looks again at `next_at` who joined and who left. `checks`: it
-- looks who left.
ALTER TABLE campaign_alarm_runs ADD COLUMN checks BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE campaign_alarm_runs ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;
INSERT INTO campaign_alarm_runs (campaign_id, round, withdraws)
  SELECT id, 0, FALSE FROM campaigns
  WHERE state IN ('scheduled','running') AND id NOT IN (SELECT campaign_id FROM campaign_alarm_runs);
UPDATE campaign_alarm_runs SET round = 0, withdraws = FALSE, reached = NULL
  WHERE withdraws AND campaign_id IN (SELECT id FROM campaigns WHERE state IN ('scheduled','running'));
CREATE INDEX campaign_alarm_runs_by_time ON campaign_alarm_runs (next_at);

-- In which language somebody's pushes speak.
ALTER TABLE notification_settings ADD COLUMN language TEXT COLLATE "C" NOT NULL DEFAULT 'zh-CN' CHECK (language IN ('zh-CN','en'));
