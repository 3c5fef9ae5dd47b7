-- Imports of policies from an insurer's sheet. What was uploaded rests row by row, sealed under the import's own key,
-- which goes when the import ends.

CREATE TABLE policy_imports (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  area_id UUID NOT NULL REFERENCES areas(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('receiving','checking','checked','importing','imported','refused','cancelled')),
  ending TEXT COLLATE "C" CHECK (ending IN ('faults','cancelled','expired','rights','rows_gone','failed')),
  sheet TEXT COLLATE "C" NOT NULL,
  file_sha256 TEXT COLLATE "C" NOT NULL,
  data_key BYTEA,
  row_count BIGINT NOT NULL,
  units BIGINT NOT NULL,
  checked BIGINT NOT NULL,
  staged BIGINT NOT NULL,
  told BIGINT NOT NULL,
  counts TEXT COLLATE "C" NOT NULL,
  fault_count BIGINT NOT NULL,
  created_by UUID NOT NULL REFERENCES users(id),
  confirmed_by UUID REFERENCES users(id),
  confirmed_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  ended_at BIGINT,
  emptied_at BIGINT,
  expires_at BIGINT NOT NULL,
  leased_by UUID,
  lease_until BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  CHECK ((ended_at IS NULL) = (state IN ('receiving','checking','checked','importing'))),
  CHECK (ended_at IS NULL OR data_key IS NULL),
  CHECK ((ending IS NULL) = (state NOT IN ('refused','cancelled')))
);
CREATE INDEX policy_imports_by_county ON policy_imports (county, id);
CREATE INDEX policy_imports_by_town ON policy_imports (town, id);
CREATE INDEX policy_imports_by_village ON policy_imports (village, id);
-- What the job has to do: few at any time.
CREATE INDEX policy_imports_open ON policy_imports (id) WHERE emptied_at IS NULL;

-- What is wrong with a sheet: where, and a word; never what stands there. Kept as long as the import is told of.
CREATE TABLE policy_import_faults (
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  number BIGINT NOT NULL,
  sheet_row BIGINT NOT NULL,
  fault TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (import_id, number)
);
CREATE INDEX policy_import_faults_by_row ON policy_import_faults (import_id, sheet_row, number);

-- A row of the sheet. Whom it names is noted once they are found among those who are known; who is the insured
-- again is not noted twice. The digests tell whether something stands twice in one sheet.
CREATE TABLE policy_import_rows (
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  number BIGINT NOT NULL,
  unit BIGINT NOT NULL,
  person_id UUID,
  holder_person_id UUID,
  payer_person_id UUID,
  beneficiary_person_id UUID,
  policy_mac BYTEA,
  family_mac BYTEA,
  insured_mac BYTEA,
  person_mac BYTEA,
  body BYTEA NOT NULL,
  PRIMARY KEY (import_id, number)
);
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
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  unit BIGINT NOT NULL,
  id UUID NOT NULL,
  household_id UUID NOT NULL,
  county UUID NOT NULL,
  town UUID,
  village UUID,
  product BYTEA NOT NULL,
  policy_number BYTEA,
  insurer_code TEXT COLLATE "C" NOT NULL,
  holder_person_id UUID NOT NULL,
  payer_person_id UUID NOT NULL,
  starts_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL,
  assignee UUID,
  at BIGINT NOT NULL,
  PRIMARY KEY (import_id, unit, id)
);
CREATE INDEX policy_import_policies_by_household ON policy_import_policies (household_id);

CREATE TABLE policy_import_insured (
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  unit BIGINT NOT NULL,
  policy_id UUID NOT NULL,
  person_id UUID NOT NULL,
  position BIGINT NOT NULL,
  sum_agreed BYTEA NOT NULL,
  PRIMARY KEY (import_id, unit, policy_id, person_id)
);
CREATE INDEX policy_import_insured_by_person ON policy_import_insured (person_id);

CREATE TABLE policy_import_beneficiaries (
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  unit BIGINT NOT NULL,
  policy_id UUID NOT NULL,
  person_id UUID NOT NULL,
  position BIGINT NOT NULL,
  share BIGINT NOT NULL,
  PRIMARY KEY (import_id, unit, policy_id, person_id)
);
CREATE INDEX policy_import_beneficiaries_by_person ON policy_import_beneficiaries (person_id);

-- Everybody whom the staged policies name, as they stood when the rows were checked, and what they agree to by the
-- sheet. New people and households wait in their own tables, out of use, until the import is done.
CREATE TABLE policy_import_people (
  import_id UUID NOT NULL REFERENCES policy_imports(id),
  unit BIGINT NOT NULL,
  person_id UUID NOT NULL,
  household_id UUID NOT NULL,
  fresh BOOLEAN NOT NULL,
  fresh_household BOOLEAN NOT NULL,
  person_version BIGINT NOT NULL,
  household_version BIGINT NOT NULL,
  answers BIGINT NOT NULL,
  agreed BOOLEAN NOT NULL,
  household_policies BIGINT NOT NULL,
  consent_id UUID,
  text_version BIGINT,
  channel TEXT COLLATE "C",
  given_by TEXT COLLATE "C",
  given_at BIGINT,
  PRIMARY KEY (import_id, unit, person_id),
  CHECK ((consent_id IS NULL) = (given_at IS NULL))
);
CREATE INDEX policy_import_people_by_person ON policy_import_people (person_id);
