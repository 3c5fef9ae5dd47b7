-- Festivals, campaigns, the inbox, and the outbox of pushes that announce it.

-- `rule` is the text form of campaigns::calendar::DayRule, such as solar:05-29.
CREATE TABLE festivals (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL UNIQUE,
  title_zh TEXT COLLATE "C" NOT NULL,
  title_en TEXT COLLATE "C" NOT NULL,
  rule TEXT COLLATE "C" NOT NULL,
  built_in BOOLEAN NOT NULL,
  enabled BOOLEAN NOT NULL,
  created_by UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- The days of festivals, two years ahead.
CREATE TABLE festival_days (
  festival_id UUID NOT NULL REFERENCES festivals(id),
  starts_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (festival_id, starts_on)
);
CREATE INDEX festival_days_by_day ON festival_days (starts_on);

-- county, town and village are empty where the area is wider than that.
CREATE TABLE campaigns (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('draft','approved','scheduled','running','finished','cancelled')),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  festival_id UUID REFERENCES festivals(id),
  starts_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  zone TEXT COLLATE "C" NOT NULL,
  theme TEXT COLLATE "C" NOT NULL,
  title TEXT COLLATE "C" NOT NULL,
  goals TEXT COLLATE "C",
  audience_areas TEXT COLLATE "C" NOT NULL,
  audience_roles TEXT COLLATE "C" NOT NULL,
  message_zh TEXT COLLATE "C" NOT NULL,
  message_en TEXT COLLATE "C" NOT NULL,
  reminder_plan TEXT COLLATE "C" NOT NULL,
  late_policy TEXT COLLATE "C" NOT NULL CHECK (late_policy IN ('skip','send_now','next_window')),
  created_by UUID NOT NULL REFERENCES users(id),
  amended_by UUID REFERENCES users(id),
  approved_by UUID REFERENCES users(id),
  approved_at BIGINT,
  cancelled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (approved_by IS NULL OR approved_by <> created_by),
  CHECK (approved_by IS NULL OR amended_by IS NULL OR approved_by <> amended_by),
  CHECK (ends_on >= starts_on)
);
CREATE INDEX campaigns_by_county ON campaigns (county, id);
CREATE INDEX campaigns_by_town ON campaigns (town, id);
CREATE INDEX campaigns_by_village ON campaigns (village, id);
CREATE INDEX campaigns_by_area ON campaigns (area_id, id);

-- One reminder of a scheduled campaign: an occurrence. `reached` is the last recipient of a run that goes on.
CREATE TABLE campaign_reminders (
  id UUID PRIMARY KEY NOT NULL,
  campaign_id UUID NOT NULL REFERENCES campaigns(id),
  ordinal BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('planned','sending','sent','skipped','cancelled')),
  reached UUID,
  started_at BIGINT,
  ended_at BIGINT,
  UNIQUE (campaign_id, ordinal),
  UNIQUE (campaign_id, due_at)
);
CREATE INDEX campaign_reminders_due ON campaign_reminders (state, due_at);

-- The inbox. A row never tells of a person served. The place is the recipient's at that time, for results
-- by village. `occurrence_id` makes a reminder reach nobody twice.
CREATE TABLE notifications (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  user_id UUID NOT NULL REFERENCES users(id),
  kind TEXT COLLATE "C" NOT NULL,
  title_zh TEXT COLLATE "C" NOT NULL,
  title_en TEXT COLLATE "C" NOT NULL,
  body_zh TEXT COLLATE "C" NOT NULL,
  body_en TEXT COLLATE "C" NOT NULL,
  subject_kind TEXT COLLATE "C",
  subject_id UUID,
  campaign_id UUID REFERENCES campaigns(id),
  occurrence_id UUID NOT NULL,
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  devices BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  displayed_at BIGINT,
  opened_at BIGINT,
  read_at BIGINT,
  done_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (occurrence_id, user_id)
);
CREATE INDEX notifications_by_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL AND done_at IS NULL;
CREATE INDEX notifications_by_campaign ON notifications (campaign_id, user_id);

-- One push of one notification to one device. `fence` grows with every lease: a worker whose lease ran out
-- cannot end a delivery that another one took.
CREATE TABLE deliveries (
  id UUID PRIMARY KEY NOT NULL,
  notification_id UUID NOT NULL REFERENCES notifications(id),
  device_id UUID NOT NULL REFERENCES devices(id),
  provider TEXT COLLATE "C" NOT NULL,
  lane BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending','leased','retry','accepted','dead_token','expired','suppressed','dead_letter')),
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  lease_until BIGINT,
  leased_by UUID,
  fence BIGINT NOT NULL,
  last_code TEXT COLLATE "C",
  accepted_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (notification_id, device_id)
);
-- A lease is due again when it runs out: `next_at` is then its end.
CREATE INDEX deliveries_due ON deliveries (provider, lane, next_at) WHERE state IN ('pending','leased','retry');
CREATE INDEX deliveries_by_expiry ON deliveries (expires_at) WHERE state IN ('pending','leased','retry');
CREATE INDEX deliveries_by_device ON deliveries (device_id, id);

-- One row for every try.
CREATE TABLE delivery_receipts (
  id UUID PRIMARY KEY NOT NULL,
  delivery_id UUID NOT NULL REFERENCES deliveries(id),
  attempt BIGINT NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  http_status BIGINT,
  provider_message TEXT COLLATE "C",
  took_ms BIGINT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX delivery_receipts_by_delivery ON delivery_receipts (delivery_id, attempt);

-- A provider that refuses our credentials stops alone until `retry_at`.
CREATE TABLE push_providers (
  provider TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('working','stopped')),
  reason TEXT COLLATE "C",
  since BIGINT NOT NULL,
  retry_at BIGINT
);
