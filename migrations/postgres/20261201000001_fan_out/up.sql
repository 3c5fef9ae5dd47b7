-- A notification and its pushes are copied by one write from users, phones, areas and a campaign that it has just read,
-- and none of these is ever deleted. PostgreSQL looked for each of them again, and locked it: seven looks for every
-- person whom a campaign reaches, a third of telling them. (SQLite's look is cheap, and every test goes by it, too.)
ALTER TABLE notifications
  DROP CONSTRAINT notifications_user_id_fkey,
  DROP CONSTRAINT notifications_campaign_id_fkey,
  DROP CONSTRAINT notifications_county_fkey,
  DROP CONSTRAINT notifications_town_fkey,
  DROP CONSTRAINT notifications_village_fkey;
ALTER TABLE deliveries
  DROP CONSTRAINT deliveries_notification_id_fkey,
  DROP CONSTRAINT deliveries_device_id_fkey;
ALTER TABLE push_phones DROP CONSTRAINT push_phones_device_id_fkey;
