-- When what rested on a withdrawn consent alone was ended.
ALTER TABLE consents ADD COLUMN data_ended_at INTEGER;
CREATE INDEX consents_to_end ON consents (withdrawn_at) WHERE withdrawn_at IS NOT NULL AND data_ended_at IS NULL;

-- Payments go with the events that they were noted by.
CREATE INDEX claim_payments_by_event ON claim_payments (event_id);
