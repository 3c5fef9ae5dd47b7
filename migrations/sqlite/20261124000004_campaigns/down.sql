DROP TABLE push_providers;
DROP TABLE delivery_receipts;
DROP TABLE deliveries;
DROP TABLE notifications;
DROP TABLE campaign_reminders;
DROP TABLE campaigns;
DROP TABLE festival_days;
DROP TABLE festivals;
