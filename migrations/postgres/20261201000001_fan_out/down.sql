ALTER TABLE push_phones
  ADD CONSTRAINT push_phones_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id);
ALTER TABLE deliveries
  ADD CONSTRAINT deliveries_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES notifications(id),
  ADD CONSTRAINT deliveries_device_id_fkey FOREIGN KEY (device_id) REFERENCES devices(id);
ALTER TABLE notifications
  ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  ADD CONSTRAINT notifications_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns(id),
  ADD CONSTRAINT notifications_county_fkey FOREIGN KEY (county) REFERENCES areas(id),
  ADD CONSTRAINT notifications_town_fkey FOREIGN KEY (town) REFERENCES areas(id),
  ADD CONSTRAINT notifications_village_fkey FOREIGN KEY (village) REFERENCES areas(id);
