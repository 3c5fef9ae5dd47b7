-- Mends of associations, self-governance and funds.

-- Who said that something was done; somebody else looks whether it was.
ALTER TABLE implementations ADD COLUMN settled_by BLOB REFERENCES users(id);

-- Cash, or money at a bank: it is there or it is not.
ALTER TABLE fund_accounts ADD COLUMN holds_cash INTEGER NOT NULL DEFAULT FALSE;
UPDATE fund_accounts SET holds_cash = TRUE WHERE code IN ('1001','1002');

-- An entry stands where its association does: when areas change it goes along. What was booked is never changed.
DROP TRIGGER fund_entries_no_update;
CREATE TRIGGER fund_entries_no_update BEFORE UPDATE OF id, association_id, source, booked_on, voucher, reverses_id,
  posted_by, posted_at ON fund_entries BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What was decided to follow from a backward rating, decision by decision.
CREATE TABLE rating_consequences (
  id BLOB PRIMARY KEY NOT NULL,
  rating_id BLOB NOT NULL REFERENCES ratings(id),
  awards_withheld INTEGER NOT NULL,
  decided_on TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX rating_consequences_by_rating ON rating_consequences (rating_id, id);
-- Who recorded it is not known any more; the rating's own officer stands for them.
INSERT INTO rating_consequences (id, rating_id, awards_withheld, decided_on, registered_by, created_at)
  SELECT id, id, awards_withheld, awards_decided_on, registered_by, updated_at FROM ratings WHERE awards_withheld IS NOT NULL;
