DROP INDEX claim_payments_by_event;
DROP INDEX consents_to_end;
ALTER TABLE consents DROP COLUMN data_ended_at;
