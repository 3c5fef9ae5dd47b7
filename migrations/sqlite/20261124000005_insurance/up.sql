-- Insurance: products, policies of households, claims and what became of them.

CREATE TABLE insurance_products (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  code TEXT NOT NULL UNIQUE,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  terms_zh TEXT NOT NULL,
  terms_en TEXT NOT NULL,
  basis TEXT NOT NULL CHECK (basis IN ('person','family')),
  sum_divided INTEGER NOT NULL,
  life_insurance INTEGER NOT NULL,
  premium INTEGER,
  sum_insured INTEGER,
  day_rate INTEGER,
  day_cap INTEGER,
  min_age INTEGER,
  max_age INTEGER,
  determination_days INTEGER,
  payment_days INTEGER,
  papers TEXT NOT NULL,
  created_by BLOB,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((day_rate IS NULL) = (day_cap IS NULL))
) STRICT;

-- The product and the policy's number are sealed under the household's data key: which cover a
-- family has may say what befell it.
CREATE TABLE policies (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  household_id BLOB NOT NULL REFERENCES households(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  product BLOB NOT NULL,
  policy_number BLOB,
  insurer_code TEXT NOT NULL,
  holder_person_id BLOB NOT NULL REFERENCES persons(id),
  payer_person_id BLOB NOT NULL REFERENCES persons(id),
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (ends_on >= starts_on)
) STRICT;
CREATE INDEX policies_by_county ON policies (county, id);
CREATE INDEX policies_by_town ON policies (town, id);
CREATE INDEX policies_by_village ON policies (village, id);
CREATE INDEX policies_by_assignee ON policies (assignee, id);
CREATE INDEX policies_by_registrar ON policies (registered_by, id);
CREATE INDEX policies_by_household ON policies (household_id, id);

-- Sealed like the product: an agreed sum says that death is covered.
CREATE TABLE policy_insured (
  policy_id BLOB NOT NULL REFERENCES policies(id),
  person_id BLOB NOT NULL REFERENCES persons(id),
  position INTEGER NOT NULL,
  sum_agreed BLOB NOT NULL,
  PRIMARY KEY (policy_id, person_id)
) STRICT;
CREATE INDEX policy_insured_by_person ON policy_insured (person_id);

CREATE TABLE policy_beneficiaries (
  policy_id BLOB NOT NULL REFERENCES policies(id),
  person_id BLOB NOT NULL REFERENCES persons(id),
  position INTEGER NOT NULL,
  share INTEGER NOT NULL CHECK (share BETWEEN 1 AND 100),
  PRIMARY KEY (policy_id, person_id)
) STRICT;
CREATE INDEX policy_beneficiaries_by_person ON policy_beneficiaries (person_id);

CREATE TABLE claims (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  field_versions TEXT NOT NULL,
  policy_id BLOB NOT NULL REFERENCES policies(id),
  household_id BLOB NOT NULL REFERENCES households(id),
  insured_person_id BLOB NOT NULL REFERENCES persons(id),
  county BLOB NOT NULL REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  claim_type TEXT NOT NULL CHECK (claim_type IN ('death','disability','medical','allowance')),
  state TEXT NOT NULL CHECK (state IN ('reported','accepted','documents_requested','under_review','investigation','approved','partly_approved','refused','agreed','paid','closed','withdrawn','disputed')),
  event_on TEXT NOT NULL,
  known_on TEXT NOT NULL,
  reported_on TEXT NOT NULL,
  last_on TEXT NOT NULL,
  told_papers_on TEXT,
  refusal_notice_on TEXT,
  claimed_amount INTEGER CHECK (claimed_amount > 0),
  approved_amount INTEGER CHECK (approved_amount > 0),
  description BLOB,
  registered_by BLOB NOT NULL REFERENCES users(id),
  assignee BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (event_on <= known_on AND known_on <= reported_on AND reported_on <= last_on)
) STRICT;
CREATE INDEX claims_by_county ON claims (county, id);
CREATE INDEX claims_by_town ON claims (town, id);
CREATE INDEX claims_by_village ON claims (village, id);
CREATE INDEX claims_by_assignee ON claims (assignee, id);
CREATE INDEX claims_by_registrar ON claims (registered_by, id);
CREATE INDEX claims_by_policy ON claims (policy_id, id);

-- Append-only: every step with the day it was taken and the facts the clocks need.
CREATE TABLE claim_events (
  id BLOB PRIMARY KEY NOT NULL,
  claim_id BLOB NOT NULL REFERENCES claims(id),
  number INTEGER NOT NULL,
  step TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  on_day TEXT NOT NULL,
  facts TEXT NOT NULL,
  insurer_reference BLOB,
  reasons BLOB,
  late TEXT NOT NULL,
  by_user BLOB NOT NULL REFERENCES users(id),
  at INTEGER NOT NULL,
  UNIQUE (claim_id, number)
) STRICT;
CREATE INDEX claim_events_by_claim ON claim_events (claim_id, id);

CREATE TABLE claim_documents (
  claim_id BLOB NOT NULL REFERENCES claims(id),
  kind TEXT NOT NULL,
  position INTEGER NOT NULL,
  required INTEGER NOT NULL,
  requested_on TEXT,
  received_on TEXT,
  file_sha256 TEXT,
  updated_by BLOB NOT NULL REFERENCES users(id),
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (claim_id, kind)
) STRICT;

CREATE TABLE claim_payments (
  id BLOB PRIMARY KEY NOT NULL,
  claim_id BLOB NOT NULL REFERENCES claims(id),
  kind TEXT NOT NULL CHECK (kind IN ('full','advance','part')),
  amount INTEGER NOT NULL CHECK (amount >= 0),
  paid_on TEXT NOT NULL,
  event_id BLOB NOT NULL REFERENCES claim_events(id),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_payments_by_claim ON claim_payments (claim_id, id);
