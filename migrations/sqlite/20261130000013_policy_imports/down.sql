DROP TABLE policy_import_people;
DROP TABLE policy_import_beneficiaries;
DROP TABLE policy_import_insured;
DROP TABLE policy_import_policies;
DROP TABLE policy_import_rows;
DROP TABLE policy_import_faults;
DROP TABLE policy_imports;
