-- Festivals, campaigns, the inbox, and the outbox of pushes that announce it.

-- `rule` is the text form of campaigns::calendar::DayRule, such as solar:05-29.
CREATE TABLE festivals (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  rule TEXT NOT NULL,
  built_in INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  created_by BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- The days of festivals, two years ahead.
CREATE TABLE festival_days (
  festival_id BLOB NOT NULL REFERENCES festivals(id),
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  PRIMARY KEY (festival_id, starts_on)
) STRICT;
CREATE INDEX festival_days_by_day ON festival_days (starts_on);

-- county, town and village are empty where the area is wider than that.
CREATE TABLE campaigns (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft','approved','scheduled','running','finished','cancelled')),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  area_code TEXT NOT NULL,
  festival_id BLOB REFERENCES festivals(id),
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  zone TEXT NOT NULL,
  theme TEXT NOT NULL,
  title TEXT NOT NULL,
  goals TEXT,
  audience_areas TEXT NOT NULL,
  audience_roles TEXT NOT NULL,
  message_zh TEXT NOT NULL,
  message_en TEXT NOT NULL,
  reminder_plan TEXT NOT NULL,
  late_policy TEXT NOT NULL CHECK (late_policy IN ('skip','send_now','next_window')),
  created_by BLOB NOT NULL REFERENCES users(id),
  amended_by BLOB REFERENCES users(id),
  approved_by BLOB REFERENCES users(id),
  approved_at INTEGER,
  cancelled_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (approved_by IS NULL OR approved_by <> created_by),
  CHECK (approved_by IS NULL OR amended_by IS NULL OR approved_by <> amended_by),
  CHECK (ends_on >= starts_on)
) STRICT;
CREATE INDEX campaigns_by_county ON campaigns (county, id);
CREATE INDEX campaigns_by_town ON campaigns (town, id);
CREATE INDEX campaigns_by_village ON campaigns (village, id);
CREATE INDEX campaigns_by_area ON campaigns (area_id, id);

-- One reminder of a scheduled campaign: an occurrence. `reached` is the last recipient of a run that goes on.
CREATE TABLE campaign_reminders (
  id BLOB PRIMARY KEY NOT NULL,
  campaign_id BLOB NOT NULL REFERENCES campaigns(id),
  ordinal INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned','sending','sent','skipped','cancelled')),
  reached BLOB,
  started_at INTEGER,
  ended_at INTEGER,
  UNIQUE (campaign_id, ordinal),
  UNIQUE (campaign_id, due_at)
) STRICT;
CREATE INDEX campaign_reminders_due ON campaign_reminders (state, due_at);

-- The inbox. A row never tells of a person served. The place is the recipient's at that time, for results
-- by village. `occurrence_id` makes a reminder reach nobody twice.
CREATE TABLE notifications (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users(id),
  kind TEXT NOT NULL,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  body_zh TEXT NOT NULL,
  body_en TEXT NOT NULL,
  subject_kind TEXT,
  subject_id BLOB,
  campaign_id BLOB REFERENCES campaigns(id),
  occurrence_id BLOB NOT NULL,
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  devices INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  displayed_at INTEGER,
  opened_at INTEGER,
  read_at INTEGER,
  done_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (occurrence_id, user_id)
) STRICT;
CREATE INDEX notifications_by_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL AND done_at IS NULL;
CREATE INDEX notifications_by_campaign ON notifications (campaign_id, user_id);

-- One push of one notification to one device. `fence` grows with every lease: a worker whose lease ran out
-- cannot end a delivery that another one took.
CREATE TABLE deliveries (
  id BLOB PRIMARY KEY NOT NULL,
  notification_id BLOB NOT NULL REFERENCES notifications(id),
  device_id BLOB NOT NULL REFERENCES devices(id),
  provider TEXT NOT NULL,
  lane INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending','leased','retry','accepted','dead_token','expired','suppressed','dead_letter')),
  attempts INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  lease_until INTEGER,
  leased_by BLOB,
  fence INTEGER NOT NULL,
  last_code TEXT,
  accepted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (notification_id, device_id)
) STRICT;
-- A lease is due again when it runs out: `next_at` is then its end.
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at) WHERE state IN ('pending','leased','retry');
CREATE INDEX deliveries_by_expiry ON deliveries (expires_at) WHERE state IN ('pending','leased','retry');
CREATE INDEX deliveries_by_device ON deliveries (device_id, id);

-- One row for every try.
CREATE TABLE delivery_receipts (
  id BLOB PRIMARY KEY NOT NULL,
  delivery_id BLOB NOT NULL REFERENCES deliveries(id),
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT NOT NULL,
  http_status INTEGER,
  provider_message TEXT,
  took_ms INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_receipts_by_delivery ON delivery_receipts (delivery_id, attempt);

-- A provider that refuses our credentials stops alone until `retry_at`.
CREATE TABLE push_providers (
  provider TEXT PRIMARY KEY NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('working','stopped')),
  reason TEXT,
  since INTEGER NOT NULL,
  retry_at INTEGER
) STRICT;
