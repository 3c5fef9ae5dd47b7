-- Channels that live in an account instead of a phone: application messages of WeCom (企业微信). What is bound is a
-- device of the platform `wecom`, one a user.

-- What a device may be is a list that SQLite cannot amend in place: the column is made anew.
ALTER TABLE devices ADD COLUMN kind_of TEXT NOT NULL DEFAULT 'web' CHECK (kind_of IN ('android','ios','harmonyos','wechat_mini_program','web','wecom'));
UPDATE devices SET kind_of = platform;
ALTER TABLE devices DROP COLUMN platform;
ALTER TABLE devices RENAME COLUMN kind_of TO platform;
-- One account of a channel is bound once.
CREATE UNIQUE INDEX devices_of_accounts ON devices (push_token_index) WHERE platform = 'wecom' AND push_token_index IS NOT NULL;

-- A binding that was asked for: whoever comes back with its state, whose keyed hash rests here, ends it.
CREATE TABLE channel_bindings (
  user_id BLOB NOT NULL REFERENCES users(id),
  channel TEXT NOT NULL,
  state_hash BLOB NOT NULL UNIQUE,
  made_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, channel)
) STRICT;
CREATE INDEX channel_bindings_by_expiry ON channel_bindings (expires_at);

-- What a member was sent lately, and is being sent: WeCom takes so many messages a minute for each.
CREATE INDEX deliveries_by_member ON deliveries (device_id, accepted_at) WHERE provider = 'wecom' AND state IN ('leased','accepted');
