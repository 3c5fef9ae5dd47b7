-- Associations (计划生育协会): the tree, the posts and who holds them, the members.

-- A municipal, county, township or village association is of an area of its own; one of an enterprise, a market or
-- of migrants stands in the area of its seat. None is ever deleted: it is dissolved.
CREATE TABLE associations (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('municipal','county','township','village','enterprise','market','floating_population')),
  title TEXT COLLATE "C" NOT NULL,
  parent_id UUID REFERENCES associations(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  area_code TEXT COLLATE "C" NOT NULL,
  founded_on TEXT COLLATE "C" NOT NULL,
  dissolved_on TEXT COLLATE "C",
  dissolved_because TEXT COLLATE "C",
  office_rank TEXT COLLATE "C" CHECK (office_rank IN ('division','deputy_division','section','deputy_section','subsection','none')),
  office_premises TEXT COLLATE "C" CHECK (office_premises IN ('own','shared','none')),
  office_own_line BOOLEAN,
  staff_establishment BIGINT CHECK (staff_establishment >= 0),
  staff_full_time BIGINT CHECK (staff_full_time >= 0),
  staff_by_reference BOOLEAN,
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (kind <> 'municipal' OR parent_id IS NULL),
  CHECK (parent_id IS NULL OR parent_id <> id),
  CHECK (dissolved_on IS NULL OR dissolved_on >= founded_on),
  CHECK ((dissolved_on IS NULL) = (dissolved_because IS NULL)),
  CHECK ((office_rank IS NULL) = (office_premises IS NULL)),
  CHECK ((office_rank IS NULL) = (office_own_line IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_full_time IS NULL)),
  CHECK ((staff_establishment IS NULL) = (staff_by_reference IS NULL))
);
CREATE UNIQUE INDEX associations_one_of_an_area ON associations (area_id)
  WHERE dissolved_on IS NULL AND kind IN ('municipal','county','township','village');
CREATE INDEX associations_by_area ON associations (area_id, id);
CREATE INDEX associations_by_parent ON associations (parent_id, id);
CREATE INDEX associations_by_county ON associations (county, id);
CREATE INDEX associations_by_town ON associations (town, id);
CREATE INDEX associations_by_village ON associations (village, id);

-- What a level asks of each post: data, which an administrator changes. `every` is asked of each holder, `one` of one
-- holder at least; what is empty is not asked.
CREATE TABLE post_rules (
  code TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  association_kind TEXT COLLATE "C" NOT NULL CHECK (association_kind IN ('municipal','county','township','village','enterprise','market','floating_population')),
  post TEXT COLLATE "C" NOT NULL CHECK (post IN ('president','executive_vice_president','vice_president','secretary_general')),
  asked_of TEXT COLLATE "C" NOT NULL CHECK (asked_of IN ('every','one')),
  positions TEXT COLLATE "C" NOT NULL,
  five_elders BOOLEAN,
  full_time BOOLEAN,
  civil_servant BOOLEAN,
  least BIGINT NOT NULL CHECK (least >= 0),
  most BIGINT NOT NULL CHECK (most >= 1),
  term_years BIGINT NOT NULL CHECK (term_years BETWEEN 1 AND 10),
  assumed BOOLEAN NOT NULL,
  updated_by UUID REFERENCES users(id),
  updated_at BIGINT NOT NULL,
  CHECK (least <= most)
);

INSERT INTO post_rules (code, version, association_kind, post, asked_of, positions, five_elders, full_time, civil_servant, least, most, term_years, assumed, updated_at) VALUES
  ('municipal_president', 1, 'municipal', 'president', 'every', '["leading_group_deputy_head"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('municipal_executive_vice_president', 1, 'municipal', 'executive_vice_president', 'every', '["leading_group_member"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('municipal_vice_president', 1, 'municipal', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, FALSE, 0),
  ('municipal_full_time_vice_president', 1, 'municipal', 'vice_president', 'one', '[]', NULL, TRUE, NULL, 1, 9, 5, FALSE, 0),
  ('municipal_secretary_general', 1, 'municipal', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_president', 1, 'county', 'president', 'every', '["leading_group_deputy_head"]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_executive_vice_president', 1, 'county', 'executive_vice_president', 'every', '["leading_group_member"]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('county_vice_president', 1, 'county', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, TRUE, 0),
  ('county_full_time_vice_president', 1, 'county', 'vice_president', 'one', '[]', NULL, TRUE, NULL, 1, 9, 5, TRUE, 0),
  ('county_secretary_general', 1, 'county', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('township_president', 1, 'township', 'president', 'every', '["party_principal","government_principal"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('township_executive_vice_president', 1, 'township', 'executive_vice_president', 'every', '[]', TRUE, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('township_vice_president', 1, 'township', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 9, 5, TRUE, 0),
  ('township_secretary_general', 1, 'township', 'secretary_general', 'every', '["family_planning_office_director"]', NULL, NULL, TRUE, 1, 1, 5, FALSE, 0),
  ('village_president', 1, 'village', 'president', 'every', '["branch_secretary","village_director"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('village_executive_vice_president', 1, 'village', 'executive_vice_president', 'every', '[]', TRUE, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('village_vice_president', 1, 'village', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('village_secretary_general', 1, 'village', 'secretary_general', 'every', '["family_planning_specialist"]', NULL, NULL, NULL, 1, 1, 5, FALSE, 0),
  ('enterprise_president', 1, 'enterprise', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('enterprise_executive_vice_president', 1, 'enterprise', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('enterprise_vice_president', 1, 'enterprise', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('enterprise_secretary_general', 1, 'enterprise', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('market_president', 1, 'market', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('market_executive_vice_president', 1, 'market', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('market_vice_president', 1, 'market', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('market_secretary_general', 1, 'market', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('floating_population_president', 1, 'floating_population', 'president', 'every', '[]', NULL, NULL, NULL, 1, 1, 5, TRUE, 0),
  ('floating_population_executive_vice_president', 1, 'floating_population', 'executive_vice_president', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0),
  ('floating_population_vice_president', 1, 'floating_population', 'vice_president', 'every', '[]', NULL, NULL, NULL, 0, 5, 5, TRUE, 0),
  ('floating_population_secretary_general', 1, 'floating_population', 'secretary_general', 'every', '[]', NULL, NULL, NULL, 0, 1, 5, TRUE, 0);

-- One term of somebody in a post. Who it is stands in persons alone; with them it becomes a term of nobody.
CREATE TABLE posts (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  person_id UUID REFERENCES persons(id),
  post TEXT COLLATE "C" NOT NULL CHECK (post IN ('president','executive_vice_president','vice_president','secretary_general')),
  holds_position TEXT COLLATE "C" NOT NULL,
  full_time BOOLEAN NOT NULL,
  civil_servant BOOLEAN NOT NULL,
  managed_by_reference BOOLEAN NOT NULL,
  five_elders BOOLEAN NOT NULL,
  retired BOOLEAN NOT NULL,
  allowance BIGINT CHECK (allowance >= 0),
  begins_on TEXT COLLATE "C" NOT NULL,
  ends_on TEXT COLLATE "C" NOT NULL,
  ended_on TEXT COLLATE "C",
  ended_because TEXT COLLATE "C",
  term BIGINT NOT NULL CHECK (term >= 1),
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (ends_on > begins_on),
  CHECK (ended_on IS NULL OR ended_on >= begins_on),
  CHECK ((ended_on IS NULL) = (ended_because IS NULL))
);
CREATE UNIQUE INDEX posts_one_president ON posts (association_id) WHERE ended_on IS NULL AND post = 'president';
CREATE INDEX posts_by_association ON posts (association_id, id);
CREATE INDEX posts_by_person ON posts (person_id, id) WHERE person_id IS NOT NULL;
CREATE INDEX posts_by_area ON posts (area_id, id);
CREATE INDEX posts_by_county ON posts (county, id);
CREATE INDEX posts_by_town ON posts (town, id);
CREATE INDEX posts_by_village ON posts (village, id);

-- Who is a member of an association, by consent. The flag of a backbone member goes with the day it was decided.
CREATE TABLE memberships (
  id UUID PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL,
  association_id UUID NOT NULL REFERENCES associations(id),
  county UUID REFERENCES areas(id),
  town UUID REFERENCES areas(id),
  village UUID REFERENCES areas(id),
  area_id UUID NOT NULL REFERENCES areas(id),
  person_id UUID NOT NULL REFERENCES persons(id),
  joined_on TEXT COLLATE "C" NOT NULL,
  backbone_since TEXT COLLATE "C",
  left_on TEXT COLLATE "C",
  left_because TEXT COLLATE "C",
  registered_by UUID NOT NULL REFERENCES users(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (left_on IS NULL OR left_on >= joined_on),
  CHECK (backbone_since IS NULL OR backbone_since >= joined_on),
  CHECK ((left_on IS NULL) = (left_because IS NULL))
);
CREATE INDEX memberships_by_association ON memberships (association_id, id);
CREATE INDEX memberships_by_person ON memberships (person_id, id);
CREATE INDEX memberships_by_area ON memberships (area_id, id);
CREATE INDEX memberships_by_county ON memberships (county, id);
CREATE INDEX memberships_by_town ON memberships (town, id);
CREATE INDEX memberships_by_village ON memberships (village, id);

-- Member cards: a number says nothing of its holder.
CREATE TABLE member_cards (
  id UUID PRIMARY KEY NOT NULL,
  membership_id UUID NOT NULL REFERENCES memberships(id),
  number TEXT COLLATE "C" NOT NULL UNIQUE,
  issued_on TEXT COLLATE "C" NOT NULL,
  issued_by UUID NOT NULL REFERENCES users(id),
  voided_on TEXT COLLATE "C",
  voided_because TEXT COLLATE "C",
  CHECK ((voided_on IS NULL) = (voided_because IS NULL))
);
CREATE UNIQUE INDEX member_cards_one_each ON member_cards (membership_id) WHERE voided_on IS NULL;
CREATE INDEX member_cards_by_membership ON member_cards (membership_id, id);
