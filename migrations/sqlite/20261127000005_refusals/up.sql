-- Somebody who was asked and said no: remembered, so that nobody asks again and again. Such a row was never alive.
ALTER TABLE consents ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1));
