-- Services (服务): the catalogue, what residents were offered, and the tally that knows no resident.

-- The free services that residents have like everybody else. Of health services a person's record says no
-- more than that.
CREATE TABLE service_kinds (
  kind TEXT PRIMARY KEY NOT NULL,
  ordinal INTEGER NOT NULL,
  health INTEGER NOT NULL,
  label_zh TEXT NOT NULL,
  label_en TEXT NOT NULL
) STRICT;
INSERT INTO service_kinds (kind, ordinal, health, label_zh, label_en) VALUES
  ('health_record', 1, 1, '健康档案', 'Health record'),
  ('health_education', 2, 1, '健康教育', 'Health education'),
  ('child_vaccination', 3, 1, '儿童预防接种', 'Vaccination of children'),
  ('infectious_disease_prevention', 4, 1, '传染病防控', 'Prevention of infectious diseases'),
  ('maternal_and_child_health', 5, 1, '妇幼保健', 'Maternal and child health'),
  ('reproductive_health_advice', 6, 1, '生殖健康咨询', 'Reproductive health advice'),
  ('schooling', 7, 0, '子女就学', 'Schooling'),
  ('employment', 8, 0, '就业服务', 'Employment'),
  ('legal_aid', 9, 0, '法律援助', 'Legal aid'),
  ('insurance_guidance', 10, 0, '保险指导', 'Insurance guidance'),
  ('culture_and_sport', 11, 0, '文化体育', 'Culture and sport');

-- `sealed_as`: for whom the contact was sealed, when the row names another since a merge.
CREATE TABLE services (
  id BLOB PRIMARY KEY NOT NULL,
  version INTEGER NOT NULL,
  resident_id BLOB NOT NULL REFERENCES residents(id),
  person_id BLOB NOT NULL REFERENCES persons(id),
  kind TEXT NOT NULL CHECK (kind IN ('health','schooling','employment','legal_aid','insurance_guidance','culture_and_sport')),
  state TEXT NOT NULL CHECK (state IN ('offered','accepted','declined','referred','delivered')),
  offered_on TEXT NOT NULL,
  provider TEXT,
  provider_contact BLOB,
  sealed_as BLOB,
  delivered_on TEXT,
  follow_up_on TEXT,
  recorded_by BLOB NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK ((state = 'delivered') = (delivered_on IS NOT NULL)),
  CHECK (state <> 'referred' OR provider IS NOT NULL),
  CHECK (state <> 'declined' OR follow_up_on IS NULL)
) STRICT;
CREATE INDEX services_by_resident ON services (resident_id, id);
CREATE INDEX services_by_person ON services (person_id);
CREATE INDEX services_due ON services (follow_up_on) WHERE follow_up_on IS NOT NULL;

-- How often what was done, by area and quarter: no id, no time, and no hidden row number by which a row
-- could be laid beside somebody's record.
CREATE TABLE service_tally (
  area_id BLOB NOT NULL REFERENCES areas(id),
  quarter TEXT NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('offered','accepted','declined','delivered')),
  count INTEGER NOT NULL,
  PRIMARY KEY (area_id, quarter, kind, what)
) WITHOUT ROWID, STRICT;
CREATE INDEX service_tally_by_quarter ON service_tally (quarter);

-- What residents need and households were offered named the kinds of health services, too.
UPDATE residents SET needs = (SELECT json_group_array(word) FROM (SELECT DISTINCT CASE WHEN value IN
  ('health_record','health_education','child_vaccination','infectious_disease_prevention','health_advice')
  THEN 'health' ELSE value END AS word FROM json_each(residents.needs)))
  WHERE needs LIKE '%health!_%' ESCAPE '!' OR needs LIKE '%vaccination%' OR needs LIKE '%infectious%';
UPDATE visits SET offered = (SELECT json_group_array(word) FROM (SELECT DISTINCT CASE WHEN value IN
  ('health_record','health_education','child_vaccination','infectious_disease_prevention','health_advice')
  THEN 'health' ELSE value END AS word FROM json_each(visits.offered)))
  WHERE offered LIKE '%health!_%' ESCAPE '!' OR offered LIKE '%vaccination%' OR offered LIKE '%infectious%';
