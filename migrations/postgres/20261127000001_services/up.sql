-- Services (服务): the catalogue, what residents were offered, and the tally that knows no resident.

-- The free services that residents have like everybody else. Of health services a person's record says no
-- more than that.
CREATE TABLE service_kinds (
  kind TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  ordinal BIGINT NOT NULL,
  health BOOLEAN NOT NULL,
  label_zh TEXT COLLATE "C" NOT NULL,
  label_en TEXT COLLATE "C" NOT NULL
);
INSERT INTO service_kinds (kind, ordinal, health, label_zh, label_en) VALUES
  ('health_record', 1, true, '健康档案', 'Health record'),
  ('health_education', 2, true, '健康教育', 'Health education'),
  ('child_vaccination', 3, true, '儿童预防接种', 'Vaccination of children'),
  ('infectious_disease_prevention', 4, true, '传染病防控', 'Prevention of infectious diseases'),
  ('maternal_and_child_health', 5, true, '妇幼保健', 'Maternal and child health'),
  ('reproductive_health_advice', 6, true, '生殖健康咨询', 'Reproductive health advice'),
  ('schooling', 7, false, '子女就学', 'Schooling'),
  ('employment', 8, false, '就业服务', 'Employment'),
  ('legal_aid', 9, false, '法律援助', 'Legal aid'),
  ('insurance_guidance', 10, false, '保险指导', 'Insurance guidance'),
  ('culture_and_sport', 11, false, '文化体育', 'Culture and sport');

-- `sealed_as`: for whom the contact was sealed, when the row names another since a merge.
CREATE TABLE services (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  resident_id UUID NOT NULL REFERENCES residents(id),
  person_id UUID NOT NULL REFERENCES persons(id),
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('health','schooling','employment','legal_aid','insurance_guidance','culture_and_sport')),
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('offered','accepted','declined','referred','delivered')),
  offered_on TEXT COLLATE "C" NOT NULL,
  provider TEXT COLLATE "C",
  provider_contact BYTEA,
  sealed_as UUID,
  delivered_on TEXT COLLATE "C",
  follow_up_on TEXT COLLATE "C",
  recorded_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK ((state = 'delivered') = (delivered_on IS NOT NULL)),
  CHECK (state <> 'referred' OR provider IS NOT NULL),
  CHECK (state <> 'declined' OR follow_up_on IS NULL)
);
CREATE INDEX services_by_resident ON services (resident_id, id);
CREATE INDEX services_by_person ON services (person_id);
CREATE INDEX services_due ON services (follow_up_on) WHERE follow_up_on IS NOT NULL;

-- How often what was done, by area and quarter: no id and no time by which a row could be laid
-- beside somebody's record.
CREATE TABLE service_tally (
  area_id UUID NOT NULL REFERENCES areas(id),
  quarter TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  what TEXT COLLATE "C" NOT NULL CHECK (what IN ('offered','accepted','declined','delivered')),
  count BIGINT NOT NULL,
  PRIMARY KEY (area_id, quarter, kind, what)
);
CREATE INDEX service_tally_by_quarter ON service_tally (quarter);

-- What residents need and households were offered named the kinds of health services, too.
UPDATE residents SET needs = (SELECT json_agg(word)::text FROM (SELECT DISTINCT CASE WHEN value IN
  ('health_record','health_education','child_vaccination','infectious_disease_prevention','health_advice')
  THEN 'health' ELSE value END AS word FROM json_array_elements_text(residents.needs::json) AS told(value)) AS words)
  WHERE needs LIKE '%health!_%' ESCAPE '!' OR needs LIKE '%vaccination%' OR needs LIKE '%infectious%';
UPDATE visits SET offered = (SELECT json_agg(word)::text FROM (SELECT DISTINCT CASE WHEN value IN
  ('health_record','health_education','child_vaccination','infectious_disease_prevention','health_advice')
  THEN 'health' ELSE value END AS word FROM json_array_elements_text(visits.offered::json) AS told(value)) AS words)
  WHERE offered LIKE '%health!_%' ESCAPE '!' OR offered LIKE '%vaccination%' OR offered LIKE '%infectious%';
