-- What two tables tell of each other goes first.
UPDATE village_texts SET deliberation_id = NULL;
DROP TABLE self_governance_criteria;
DROP TABLE self_governance_criteria_sets;
DROP TABLE village_confirmations;
DROP TABLE leading_examples;
DROP TABLE village_opinions;
DROP TABLE village_disclosures;
DROP TABLE village_checks;
DROP TABLE implementations;
DROP TABLE village_decisions;
DROP TABLE deliberation_parts;
DROP TABLE deliberations;
DROP TABLE village_texts;
