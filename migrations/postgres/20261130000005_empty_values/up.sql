-- Where a column is mostly empty, a planner that has counted takes its index for useless: most rows have one value,
-- none. Without those rows it is as good as it is.
DROP INDEX devices_by_push_token;
CREATE INDEX devices_by_push_token ON devices (push_token_index) WHERE push_token_index IS NOT NULL;
DROP INDEX sessions_by_previous;
CREATE INDEX sessions_by_previous ON sessions (previous_hash) WHERE previous_hash IS NOT NULL;
DROP INDEX sessions_by_device;
CREATE INDEX sessions_by_device ON sessions (device_id) WHERE device_id IS NOT NULL;
DROP INDEX persons_by_phone;
CREATE INDEX persons_by_phone ON persons (phone_index) WHERE phone_index IS NOT NULL;
DROP INDEX persons_by_document;
CREATE INDEX persons_by_document ON persons (document_index) WHERE document_index IS NOT NULL;
DROP INDEX persons_by_household;
CREATE INDEX persons_by_household ON persons (household_id) WHERE household_id IS NOT NULL;
DROP INDEX visits_by_home;
CREATE INDEX visits_by_home ON visits (member_home_id, visit_day) WHERE member_home_id IS NOT NULL;
DROP INDEX visits_by_household;
CREATE INDEX visits_by_household ON visits (household_id, visit_day) WHERE household_id IS NOT NULL;
DROP INDEX notifications_by_campaign;
CREATE INDEX notifications_by_campaign ON notifications (campaign_id, user_id) WHERE campaign_id IS NOT NULL;
DROP INDEX follow_ups_by_household;
CREATE INDEX follow_ups_by_household ON follow_ups (household_id) WHERE household_id IS NOT NULL;
