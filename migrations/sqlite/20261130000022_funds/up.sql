-- Funds of associations: what is budgeted each year, what villages ask for and get, and the care fund's ledger.

-- Years that are closed for an association: nothing is booked into them any more.
CREATE TABLE frozen_years (
  association_id BLOB NOT NULL REFERENCES associations(id),
  year INTEGER NOT NULL,
  frozen_at INTEGER NOT NULL,
  frozen_by BLOB REFERENCES users(id),
  PRIMARY KEY (association_id, year)
) STRICT;

-- The chart of accounts, one for all associations: data, to which an administrator adds.
CREATE TABLE fund_accounts (
  code TEXT PRIMARY KEY NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('asset','liability','net_assets','income','expense')),
  spent_on TEXT CHECK (spent_on IN ('hardship_help','projects','health_education','insurance_support','activities','administration')),
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  created_by BLOB REFERENCES users(id),
  created_at INTEGER NOT NULL,
  CHECK ((class = 'expense') = (spent_on IS NOT NULL))
) STRICT;

INSERT INTO fund_accounts (code, class, spent_on, title_zh, title_en, created_at) VALUES
  ('1001', 'asset', NULL, '库存现金', 'Cash', 0),
  ('1002', 'asset', NULL, '银行存款（专户）', 'Bank, special account', 0),
  ('1201', 'asset', NULL, '应收款项', 'Receivables', 0),
  ('2001', 'liability', NULL, '应付款项', 'Payables', 0),
  ('3001', 'net_assets', NULL, '期初净资产', 'Net assets at the beginning', 0),
  ('3101', 'net_assets', NULL, '来源间结转', 'Carried between sources', 0),
  ('4001', 'income', NULL, '基金收入', 'Fund income', 0),
  ('4002', 'income', NULL, '利息收入', 'Interest', 0),
  ('5001', 'expense', 'hardship_help', '困难帮扶支出', 'Help in hardship', 0),
  ('5002', 'expense', 'projects', '关怀项目支出', 'Care projects', 0),
  ('5003', 'expense', 'health_education', '青春健康教育支出', 'Adolescent health education', 0),
  ('5004', 'expense', 'insurance_support', '家庭保险资助支出', 'Family insurance paid for', 0),
  ('5005', 'expense', 'activities', '活动支出', 'Activities', 0),
  ('5009', 'expense', 'administration', '管理费用', 'Running costs', 0);

-- The ledger. An entry is of one source, and is never changed or removed: another one reverses it.
CREATE TABLE fund_entries (
  id BLOB PRIMARY KEY NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  source TEXT NOT NULL CHECK (source IN ('government','department','donation','social_support_fee_share')),
  booked_on TEXT NOT NULL,
  voucher TEXT NOT NULL,
  reverses_id BLOB REFERENCES fund_entries(id),
  posted_by BLOB NOT NULL REFERENCES users(id),
  posted_at INTEGER NOT NULL,
  UNIQUE (association_id, voucher)
) STRICT;
CREATE INDEX fund_entries_by_association ON fund_entries (association_id, booked_on);
CREATE UNIQUE INDEX fund_entries_reversed_once ON fund_entries (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX fund_entries_by_area ON fund_entries (area_id, booked_on);

CREATE TABLE fund_lines (
  entry_id BLOB NOT NULL REFERENCES fund_entries(id),
  position INTEGER NOT NULL CHECK (position >= 0),
  account TEXT NOT NULL REFERENCES fund_accounts(code),
  side TEXT NOT NULL CHECK (side IN ('debit','credit')),
  amount INTEGER NOT NULL CHECK (amount > 0),
  PRIMARY KEY (entry_id, position)
) STRICT;

CREATE TRIGGER fund_entries_no_update BEFORE UPDATE ON fund_entries BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER fund_entries_no_delete BEFORE DELETE ON fund_entries BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER fund_lines_no_update BEFORE UPDATE ON fund_lines BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER fund_lines_no_delete BEFORE DELETE ON fund_lines BEGIN
  SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- Of the closed source: what came in of the fee in a year, of which the fund has its share.
CREATE TABLE fund_fee_years (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  year INTEGER NOT NULL CHECK (year BETWEEN 2011 AND 2021),
  total INTEGER NOT NULL CHECK (total >= 0),
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year)
) STRICT;

-- What is budgeted for an association in a year, and the family-planning funds of the same level, its denominator.
CREATE TABLE budgets (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  year INTEGER NOT NULL,
  activity_funds INTEGER NOT NULL CHECK (activity_funds >= 0),
  family_planning_funds INTEGER NOT NULL CHECK (family_planning_funds >= 0),
  approved_on TEXT NOT NULL,
  evidence TEXT NOT NULL,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (association_id, year)
) STRICT;
CREATE INDEX budgets_by_area ON budgets (area_id, id);
CREATE INDEX budgets_by_county ON budgets (county, id);
CREATE INDEX budgets_by_town ON budgets (town, id);
CREATE INDEX budgets_by_village ON budgets (village, id);

-- What was found of a budget, with the paper that shows it.
CREATE TABLE budget_facts (
  budget_id BLOB NOT NULL REFERENCES budgets(id),
  kind TEXT NOT NULL CHECK (kind IN ('own_line','separate_account','earmarked','wages_in_budget','retired_leaders_subsidy','village_executive_vices_pay')),
  holds INTEGER NOT NULL,
  evidence TEXT NOT NULL,
  shown_on TEXT NOT NULL,
  amount INTEGER CHECK (amount >= 0),
  heads INTEGER CHECK (heads >= 0),
  noted_by BLOB NOT NULL REFERENCES users(id),
  noted_at INTEGER NOT NULL,
  PRIMARY KEY (budget_id, kind)
) STRICT;

-- What a village asked for, and what it was given.
CREATE TABLE village_needs (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  association_id BLOB NOT NULL REFERENCES associations(id),
  county BLOB REFERENCES areas(id),
  town BLOB REFERENCES areas(id),
  village BLOB REFERENCES areas(id),
  area_id BLOB NOT NULL REFERENCES areas(id),
  need TEXT NOT NULL CHECK (need IN ('activities','publicity','training','visits','equipment','premises','other')),
  asked INTEGER NOT NULL CHECK (asked > 0),
  asked_on TEXT NOT NULL,
  met INTEGER CHECK (met >= 0),
  answered_on TEXT,
  registered_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((met IS NULL) = (answered_on IS NULL)),
  CHECK (met IS NULL OR met <= asked),
  CHECK (answered_on IS NULL OR answered_on >= asked_on)
) STRICT;
CREATE INDEX village_needs_by_association ON village_needs (association_id, asked_on);
CREATE INDEX village_needs_by_area ON village_needs (area_id, id);
CREATE INDEX village_needs_by_county ON village_needs (county, id);
CREATE INDEX village_needs_by_town ON village_needs (town, id);
CREATE INDEX village_needs_by_village ON village_needs (village, id);
