DROP INDEX deliveries_by_member;
DROP TABLE channel_bindings;
DROP INDEX devices_of_accounts;
UPDATE devices SET push_provider = NULL, push_token = NULL, push_token_index = NULL, push_state = 'none', platform = 'web' WHERE platform = 'wecom';
ALTER TABLE devices DROP CONSTRAINT devices_platform_check;
ALTER TABLE devices ADD CONSTRAINT devices_platform_check CHECK (platform IN ('android','ios','harmonyos','wechat_mini_program','web'));
