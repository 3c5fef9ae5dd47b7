-- Two records of one person: the queue of those who may be one, and the journal of each merge, by which it is undone.

-- A merged registration keeps its row and names the one that stands for it.
ALTER TABLE residents ADD COLUMN merged_into BLOB;

-- The agreed sum is sealed for the person that the row named first; empty while it names them still.
ALTER TABLE policy_insured ADD COLUMN sealed_as BLOB;

-- The older record, then the newer one. `told`: the coordinators of the older one's place may know that there is
-- another record elsewhere.
CREATE TABLE duplicate_pairs (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  person_id BLOB NOT NULL REFERENCES persons(id),
  other_person_id BLOB NOT NULL REFERENCES persons(id),
  why TEXT NOT NULL CHECK (why IN ('same_document','same_phone','similar_name')),
  state TEXT NOT NULL CHECK (state IN ('open','confirmed','dismissed','merged')),
  reason TEXT,
  told INTEGER NOT NULL,
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  other_county BLOB NOT NULL REFERENCES areas(id),
  other_town BLOB REFERENCES areas(id),
  other_village BLOB REFERENCES areas(id),
  asked_by BLOB NOT NULL REFERENCES users(id),
  found_on TEXT NOT NULL,
  kept_person_id BLOB,
  settled_by BLOB REFERENCES users(id),
  settled_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (person_id, other_person_id)
) STRICT;
CREATE INDEX duplicates_by_county ON duplicate_pairs (county, state, id);
CREATE INDEX duplicates_by_town ON duplicate_pairs (town, state, id);
CREATE INDEX duplicates_by_village ON duplicate_pairs (village, state, id);
CREATE INDEX duplicates_by_other ON duplicate_pairs (other_person_id);
CREATE INDEX duplicates_asked ON duplicate_pairs (asked_by, found_on);

-- One value that a merge changed: ids, days and words alone. Nothing sealed is copied here.
CREATE TABLE merge_moves (
  id BLOB PRIMARY KEY NOT NULL,
  pair_id BLOB NOT NULL REFERENCES duplicate_pairs(id),
  ordinal INTEGER NOT NULL,
  moved_table TEXT NOT NULL,
  row_id BLOB NOT NULL,
  moved_column TEXT NOT NULL,
  old_value TEXT,
  new_value TEXT,
  version_after INTEGER
) STRICT;
CREATE INDEX merge_moves_by_pair ON merge_moves (pair_id, ordinal);
CREATE INDEX merge_moves_by_row ON merge_moves (row_id);

-- How far the feed has been searched for duplicates.
CREATE TABLE duplicate_search (
  source TEXT PRIMARY KEY NOT NULL,
  pos INTEGER NOT NULL
) STRICT;
INSERT INTO duplicate_search (source, pos) VALUES ('feed', 0);

-- What is looked for, and what a merge moves, is found by index.
CREATE INDEX persons_by_town_and_year ON persons (town, birth_year);
CREATE INDEX persons_merged ON persons (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX episodes_by_person ON residence_episodes (person_id);
CREATE INDEX households_by_contact ON households (contact_person_id) WHERE contact_person_id IS NOT NULL;
CREATE INDEX policies_by_holder ON policies (holder_person_id);
CREATE INDEX policies_by_payer ON policies (payer_person_id);
CREATE INDEX claims_by_insured ON claims (insured_person_id);
