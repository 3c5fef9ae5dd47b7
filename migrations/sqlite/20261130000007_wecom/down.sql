DROP INDEX deliveries_by_member;
DROP TABLE channel_bindings;
DROP INDEX devices_of_accounts;
ALTER TABLE devices ADD COLUMN kind_of TEXT NOT NULL DEFAULT 'web' CHECK (kind_of IN ('android','ios','harmonyos','wechat_mini_program','web'));
UPDATE devices SET kind_of = CASE platform WHEN 'wecom' THEN 'web' ELSE platform END;
UPDATE devices SET push_provider = NULL, push_token = NULL, push_token_index = NULL, push_state = 'none' WHERE platform = 'wecom';
ALTER TABLE devices DROP COLUMN platform;
ALTER TABLE devices RENAME COLUMN kind_of TO platform;
