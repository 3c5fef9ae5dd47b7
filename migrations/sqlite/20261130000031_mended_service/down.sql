DROP TABLE campaign_announcements;
