DROP TABLE claim_payments;
DROP TABLE claim_documents;
DROP TABLE claim_events;
DROP TABLE claims;
DROP TABLE policy_beneficiaries;
DROP TABLE policy_insured;
DROP TABLE policies;
DROP TABLE insurance_products;
