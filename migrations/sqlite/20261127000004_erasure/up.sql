-- Whose data goes, or went, and why. Ids alone: what was erased leads to nobody.
CREATE TABLE erasures (
  person_id BLOB PRIMARY KEY NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('withdrawn','requested','retention','restored')),
  state TEXT NOT NULL CHECK (state IN ('due','erasing','erased','scrubbed')),
  asked_at INTEGER NOT NULL,
  erased_at INTEGER,
  scrubbed_at INTEGER,
  CHECK ((state IN ('erased','scrubbed')) = (erased_at IS NOT NULL)),
  CHECK ((state = 'scrubbed') = (scrubbed_at IS NOT NULL))
) STRICT;
CREATE INDEX erasures_open ON erasures (asked_at) WHERE state IN ('due','erasing');
CREATE INDEX erasures_done ON erasures (erased_at) WHERE erased_at IS NOT NULL;

-- Ids of records that were erased: a phone that sends one of them again after a restore does not bring it back.
CREATE TABLE erased_records (
  record_id BLOB PRIMARY KEY NOT NULL
) STRICT;

-- Erasure finds what it ends by these.
CREATE INDEX claims_by_household ON claims (household_id);
CREATE INDEX follow_ups_by_household ON follow_ups (household_id);
CREATE INDEX notifications_by_subject ON notifications (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX idempotency_by_record ON idempotency_keys (record_id);
CREATE INDEX sync_resting_by_parent ON sync_resting (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX sync_resting_waited ON sync_resting (waits_for) WHERE waits_for IS NOT NULL;
CREATE INDEX sync_resting_waited_also ON sync_resting (waits_also) WHERE waits_also IS NOT NULL;
-- Stays that ended, for how long they are kept.
CREATE INDEX episodes_ended ON residence_episodes (to_day) WHERE to_day IS NOT NULL;
