-- Insurance: products, policies of households, claims and what became of them.

CREATE TABLE insurance_products (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL UNIQUE,
  title_zh TEXT COLLATE "C" NOT NULL,
  title_en TEXT COLLATE "C" NOT NULL,
  terms_zh TEXT COLLATE "C" NOT NULL,
  terms_en TEXT COLLATE "C" NOT NULL,
  basis TEXT COLLATE "C" NOT NULL CHECK (basis IN ('person','family')),
  sum_divided BOOLEAN NOT NULL,
  life_insurance BOOLEAN NOT NULL,
  premium BIGINT,
  sum_insured BIGINT,
  day_rate BIGINT,
  day_cap BIGINT,
  min_age BIGINT,
  max_age BIGINT,
  determination_days BIGINT,
  payment_days BIGINT,
  papers TEXT COLLATE "C" NOT NULL,
  created_by UUID,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((day_rate IS NULL) = (day_cap IS NULL))
);

-- The product and the policy's number are sealed under the household's data key: which cover a
-- family has may say what befell it.
CREATE TABLE policies (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  household_id UUID NOT NULL REFERENCES households(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  product BYTEA NOT NULL,
  policy_number BYTEA,
  insurer_code TEXT COLLATE "C" NOT NULL,
  holder_person_id UUID NOT NULL REFERENCES persons(id),
  payer_person_id UUID NOT NULL REFERENCES persons(id),
  starts_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (ends_on >= starts_on)
);
CREATE INDEX policies_by_county ON policies (county, id);
CREATE INDEX policies_by_town ON policies (town, id);
CREATE INDEX policies_by_village ON policies (village, id);
CREATE INDEX policies_by_assignee ON policies (assignee, id);
CREATE INDEX policies_by_registrar ON policies (registered_by, id);
CREATE INDEX policies_by_household ON policies (household_id, id);

-- Sealed like the product: an agreed sum says that death is covered.
CREATE TABLE policy_insured (
  policy_id UUID NOT NULL REFERENCES policies(id),
  person_id UUID NOT NULL REFERENCES persons(id),
  position BIGINT NOT NULL,
  sum_agreed BYTEA NOT NULL,
  PRIMARY KEY (policy_id, person_id)
);
CREATE INDEX policy_insured_by_person ON policy_insured (person_id);

CREATE TABLE policy_beneficiaries (
  policy_id UUID NOT NULL REFERENCES policies(id),
  person_id UUID NOT NULL REFERENCES persons(id),
  position BIGINT NOT NULL,
  share BIGINT NOT NULL CHECK (share BETWEEN 1 AND 100),
  PRIMARY KEY (policy_id, person_id)
);
CREATE INDEX policy_beneficiaries_by_person ON policy_beneficiaries (person_id);

CREATE TABLE claims (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  field_versions TEXT COLLATE "C" NOT NULL,
  policy_id UUID NOT NULL REFERENCES policies(id),
  household_id UUID NOT NULL REFERENCES households(id),
  insured_person_id UUID NOT NULL REFERENCES persons(id),
  county UUID NOT NULL REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  claim_type TEXT COLLATE "C" NOT NULL CHECK (claim_type IN ('death','disability','medical','allowance')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('reported','accepted','documents_requested','under_review','investigation','approved','partly_approved','refused','agreed','paid','closed','withdrawn','disputed')),
  event_on TEXT COLLATE "C" NOT NULL,
  known_on TEXT COLLATE "C" NOT NULL,
  reported_on TEXT COLLATE "C" NOT NULL,
  last_on TEXT COLLATE "C" NOT NULL,
  told_papers_on TEXT COLLATE "C",
  refusal_notice_on TEXT COLLATE "C",
  claimed_amount BIGINT CHECK (claimed_amount > 0),
  approved_amount BIGINT CHECK (approved_amount > 0),
  description BYTEA,
  registered_by UUID NOT NULL REFERENCES users(id),
  assignee UUID REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (event_on <= known_on AND known_on <= reported_on AND reported_on <= last_on)
);
CREATE INDEX claims_by_county ON claims (county, id);
CREATE INDEX claims_by_town ON claims (town, id);
CREATE INDEX claims_by_village ON claims (village, id);
CREATE INDEX claims_by_assignee ON claims (assignee, id);
CREATE INDEX claims_by_registrar ON claims (registered_by, id);
CREATE INDEX claims_by_policy ON claims (policy_id, id);

-- Append-only: every step with the day it was taken and the facts the clocks need.
CREATE TABLE claim_events (
  id UUID PRIMARY KEY NOT NULL,
  claim_id UUID NOT NULL REFERENCES claims(id),
  number BIGINT NOT NULL,
  step TEXT COLLATE "C" NOT NULL,
  from_state TEXT COLLATE "C",
  to_state TEXT COLLATE "C" NOT NULL,
  on_day TEXT COLLATE "C" NOT NULL,
  facts TEXT COLLATE "C" NOT NULL,
  insurer_reference BYTEA,
  reasons BYTEA,
  late TEXT COLLATE "C" NOT NULL,
  by_user UUID NOT NULL REFERENCES users(id),
  at BIGINT NOT NULL,
  UNIQUE (claim_id, number)
);
CREATE INDEX claim_events_by_claim ON claim_events (claim_id, id);

CREATE TABLE claim_documents (
  claim_id UUID NOT NULL REFERENCES claims(id),
  kind TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  required BOOLEAN NOT NULL,
  requested_on TEXT COLLATE "C",
  received_on TEXT COLLATE "C",
  file_sha256 TEXT COLLATE "C",
  updated_by UUID NOT NULL REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (claim_id, kind)
);

CREATE TABLE claim_payments (
  id UUID PRIMARY KEY NOT NULL,
  claim_id UUID NOT NULL REFERENCES claims(id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('full','advance','part')),
  amount BIGINT NOT NULL CHECK (amount >= 0),
  paid_on TEXT COLLATE "C" NOT NULL,
  event_id UUID NOT NULL REFERENCES claim_events(id),
  created_at BIGINT NOT NULL
);
CREATE INDEX claim_payments_by_claim ON claim_payments (claim_id, id);
