-- Channels that live in an account instead of a phone: application messages of WeCom (企业微信). What is bound is a
-- device of the platform `wecom`, one a user.

ALTER TABLE devices DROP CONSTRAINT devices_platform_check;
ALTER TABLE devices ADD CONSTRAINT devices_platform_check CHECK (platform IN ('android','ios','harmonyos','wechat_mini_program','web','wecom'));
-- One account of a channel is bound once.
CREATE UNIQUE INDEX devices_of_accounts ON devices (push_token_index) WHERE platform = 'wecom' AND push_token_index IS NOT NULL;

-- A binding that was asked for: whoever comes back with its state, whose keyed hash rests here, ends it.
CREATE TABLE channel_bindings (
  user_id UUID NOT NULL REFERENCES users(id),
  channel TEXT COLLATE "C" NOT NULL,
  state_hash BYTEA NOT NULL UNIQUE,
  made_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, channel)
);
CREATE INDEX channel_bindings_by_expiry ON channel_bindings (expires_at);

-- What a member was sent lately, and is being sent: WeCom takes so many messages a minute for each.
CREATE INDEX deliveries_by_member ON deliveries (device_id, accepted_at) WHERE provider = 'wecom' AND state IN ('leased','accepted');
