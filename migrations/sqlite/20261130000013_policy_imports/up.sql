-- Imports of policies from an insurer's sheet. What was uploaded rests row by row, sealed under the import's own key,
-- which goes when the import ends.

CREATE TABLE policy_imports (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  area_id BLOB NOT NULL REFERENCES areas(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  state TEXT NOT NULL CHECK (state IN ('receiving','checking','checked','importing','imported','refused','cancelled')),
  ending TEXT CHECK (ending IN ('faults','cancelled','expired','rights','rows_gone','failed')),
  sheet TEXT NOT NULL,
  file_sha256 TEXT NOT NULL,
  data_key BLOB,
  row_count INTEGER NOT NULL,
  units INTEGER NOT NULL,
  checked INTEGER NOT NULL,
  staged INTEGER NOT NULL,
  told INTEGER NOT NULL,
  counts TEXT NOT NULL,
  fault_count INTEGER NOT NULL,
  created_by BLOB NOT NULL REFERENCES users(id),
  confirmed_by BLOB REFERENCES users(id),
  confirmed_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ended_at INTEGER,
  emptied_at INTEGER,
  expires_at INTEGER NOT NULL,
  leased_by BLOB,
  lease_until INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  CHECK ((ended_at IS NULL) = (state IN ('receiving','checking','checked','importing'))),
  CHECK (ended_at IS NULL OR data_key IS NULL),
  CHECK ((ending IS NULL) = (state NOT IN ('refused','cancelled')))
) STRICT;
CREATE INDEX policy_imports_by_county ON policy_imports (county, id);
CREATE INDEX policy_imports_by_town ON policy_imports (town, id);
CREATE INDEX policy_imports_by_village ON policy_imports (village, id);
-- What the job has to do: few at any time.
CREATE INDEX policy_imports_open ON policy_imports (id) WHERE emptied_at IS NULL;

-- What is wrong with a sheet: where, and a word; never what stands there. Kept as long as the import is told of.
CREATE TABLE policy_import_faults (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  number INTEGER NOT NULL,
  sheet_row INTEGER NOT NULL,
  fault TEXT NOT NULL,
  PRIMARY KEY (import_id, number)
) STRICT;
CREATE INDEX policy_import_faults_by_row ON policy_import_faults (import_id, sheet_row, number);

-- A row of the sheet. Whom it names is noted once they are found among those who are known; who is the insured
-- again is not noted twice. The digests tell whether something stands twice in one sheet.
CREATE TABLE policy_import_rows (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  number INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  person_id BLOB,
  holder_person_id BLOB,
  payer_person_id BLOB,
  beneficiary_person_id BLOB,
  policy_mac BLOB,
  family_mac BLOB,
  insured_mac BLOB,
  person_mac BLOB,
  body BLOB NOT NULL,
  PRIMARY KEY (import_id, number)
) STRICT;
CREATE INDEX policy_import_rows_by_unit ON policy_import_rows (import_id, unit);
CREATE INDEX policy_import_rows_by_policy ON policy_import_rows (policy_mac) WHERE policy_mac IS NOT NULL;
CREATE INDEX policy_import_rows_by_family ON policy_import_rows (family_mac) WHERE family_mac IS NOT NULL;
CREATE INDEX policy_import_rows_by_insured ON policy_import_rows (insured_mac) WHERE insured_mac IS NOT NULL;
CREATE INDEX policy_import_rows_by_person_mac ON policy_import_rows (person_mac) WHERE person_mac IS NOT NULL;
CREATE INDEX policy_import_rows_by_person ON policy_import_rows (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX policy_import_rows_by_holder ON policy_import_rows (holder_person_id) WHERE holder_person_id IS NOT NULL;
CREATE INDEX policy_import_rows_by_payer ON policy_import_rows (payer_person_id) WHERE payer_person_id IS NOT NULL;
CREATE INDEX policy_import_rows_by_beneficiary ON policy_import_rows (beneficiary_person_id)
  WHERE beneficiary_person_id IS NOT NULL;

-- What a confirmed import will store, until one short write makes all of it records: nothing else reads these.
CREATE TABLE policy_import_policies (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  unit INTEGER NOT NULL,
  id BLOB NOT NULL,
  household_id BLOB NOT NULL,
  county BLOB NOT NULL,
  town BLOB,
  village BLOB,
  product BLOB NOT NULL,
  policy_number BLOB,
  insurer_code TEXT NOT NULL,
  holder_person_id BLOB NOT NULL,
  payer_person_id BLOB NOT NULL,
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  registered_by BLOB NOT NULL,
  assignee BLOB,
  at INTEGER NOT NULL,
  PRIMARY KEY (import_id, unit, id)
) STRICT;
CREATE INDEX policy_import_policies_by_household ON policy_import_policies (household_id);

CREATE TABLE policy_import_insured (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  unit INTEGER NOT NULL,
  policy_id BLOB NOT NULL,
  person_id BLOB NOT NULL,
  position INTEGER NOT NULL,
  sum_agreed BLOB NOT NULL,
  PRIMARY KEY (import_id, unit, policy_id, person_id)
) STRICT;
CREATE INDEX policy_import_insured_by_person ON policy_import_insured (person_id);

CREATE TABLE policy_import_beneficiaries (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  unit INTEGER NOT NULL,
  policy_id BLOB NOT NULL,
  person_id BLOB NOT NULL,
  position INTEGER NOT NULL,
  share INTEGER NOT NULL,
  PRIMARY KEY (import_id, unit, policy_id, person_id)
) STRICT;
CREATE INDEX policy_import_beneficiaries_by_person ON policy_import_beneficiaries (person_id);

-- Everybody whom the staged policies name, as they stood when the rows were checked, and what they agree to by the
-- sheet. New people and households wait in their own tables, out of use, until the import is done.
CREATE TABLE policy_import_people (
  import_id BLOB NOT NULL REFERENCES policy_imports(id),
  unit INTEGER NOT NULL,
  person_id BLOB NOT NULL,
  household_id BLOB NOT NULL,
  fresh INTEGER NOT NULL,
  fresh_household INTEGER NOT NULL,
  person_version INTEGER NOT NULL,
  household_version INTEGER NOT NULL,
  answers INTEGER NOT NULL,
  agreed INTEGER NOT NULL,
  household_policies INTEGER NOT NULL,
  consent_id BLOB,
  text_version INTEGER,
  channel TEXT,
  given_by TEXT,
  given_at INTEGER,
  PRIMARY KEY (import_id, unit, person_id),
  CHECK ((consent_id IS NULL) = (given_at IS NULL))
) STRICT;
CREATE INDEX policy_import_people_by_person ON policy_import_people (person_id);
