DROP TABLE village_needs;
DROP TABLE budget_facts;
DROP TABLE budgets;
DROP TABLE fund_fee_years;
DROP TABLE fund_lines;
DROP TABLE fund_entries;
DROP TABLE fund_accounts;
DROP TABLE frozen_years;
