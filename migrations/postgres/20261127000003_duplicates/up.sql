-- Two records of one person: the queue of those who may be one, and the journal of each merge, by which it is undone.

-- A merged registration keeps its row and names the one that stands for it.
ALTER TABLE residents ADD COLUMN merged_into UUID;

-- The agreed sum is sealed for the person that the row named first; empty while it names them still.
ALTER TABLE policy_insured ADD COLUMN sealed_as UUID;

-- The older record, then the newer one. `told`: the coordinators of the older one's place may know that there is
-- another record elsewhere.
CREATE TABLE duplicate_pairs (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  person_id UUID NOT NULL REFERENCES persons(id),
  other_person_id UUID NOT NULL REFERENCES persons(id),
  why TEXT COLLATE "C" NOT NULL CHECK (why IN ('same_document','same_phone','similar_name')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open','confirmed','dismissed','merged')),
  reason TEXT COLLATE "C",
  told BOOLEAN NOT NULL,
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  other_county UUID NOT NULL REFERENCES areas(id),
  other_town UUID REFERENCES areas(id),
  other_village UUID REFERENCES areas(id),
  asked_by UUID NOT NULL REFERENCES users(id),
  found_on TEXT COLLATE "C" NOT NULL,
  kept_person_id UUID,
  settled_by UUID REFERENCES users(id),
  settled_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (person_id, other_person_id)
);
CREATE INDEX duplicates_by_county ON duplicate_pairs (county, state, id);
CREATE INDEX duplicates_by_town ON duplicate_pairs (town, state, id);
CREATE INDEX duplicates_by_village ON duplicate_pairs (village, state, id);
CREATE INDEX duplicates_by_other ON duplicate_pairs (other_person_id);
CREATE INDEX duplicates_asked ON duplicate_pairs (asked_by, found_on);

-- One value that a merge changed: ids, days and words alone. Nothing sealed is copied here.
CREATE TABLE merge_moves (
  id UUID PRIMARY KEY NOT NULL,
  pair_id UUID NOT NULL REFERENCES duplicate_pairs(id),
  ordinal BIGINT NOT NULL,
  moved_table TEXT COLLATE "C" NOT NULL,
  row_id UUID NOT NULL,
  moved_column TEXT COLLATE "C" NOT NULL,
  old_value TEXT COLLATE "C",
  new_value TEXT COLLATE "C",
  version_after BIGINT
);
CREATE INDEX merge_moves_by_pair ON merge_moves (pair_id, ordinal);
CREATE INDEX merge_moves_by_row ON merge_moves (row_id);

-- How far the feed has been searched for duplicates.
CREATE TABLE duplicate_search (
  source TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  pos BIGINT NOT NULL
);
INSERT INTO duplicate_search (source, pos) VALUES ('feed', 0);

-- What is looked for, and what a merge moves, is found by index.
CREATE INDEX persons_by_town_and_year ON persons (town, birth_year);
CREATE INDEX persons_merged ON persons (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX episodes_by_person ON residence_episodes (person_id);
CREATE INDEX households_by_contact ON households (contact_person_id) WHERE contact_person_id IS NOT NULL;
CREATE INDEX policies_by_holder ON policies (holder_person_id);
CREATE INDEX policies_by_payer ON policies (payer_person_id);
CREATE INDEX claims_by_insured ON claims (insured_person_id);
