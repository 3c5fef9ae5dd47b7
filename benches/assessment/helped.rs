//! Households of a city: insured, helped with claims, some of them special families; notices about migrants.

use diesel::prelude::*;

use super::city::{Filling, written};
use qianshou::areas::model::AreaLevel;
use qianshou::db::schema::*;
use qianshou::db::{Day, Json, Uid};
use qianshou::households::model::{HouseholdKind, HouseholdRow, HouseholdState};
use qianshou::insurance::catalogue::built_in;
use qianshou::insurance::machine::ClaimState;
use qianshou::insurance::model::*;
use qianshou::people::model::*;
use qianshou::sync;

/// What local households and migrants were offered.
const OFFERED: [&str; 3] = ["schooling", "employment", "legal_aid"];

impl Filling<'_> {
    /// So many of the people, each with a household of its own, a policy, and one of four with a claim; one of forty is
    /// a special family.
    pub fn households(&mut self, count: usize) {
        let people: Vec<Uid> = persons::table
            .select(persons::id)
            .order(persons::id)
            .limit(count as i64)
            .load(&mut self.c)
            .unwrap();
        for (part, some) in people.chunks(500).enumerate() {
            self.some(part * 500, some);
        }
        // Each household was given the id of who lives in it.
        diesel::update(
            persons::table.filter(persons::id.eq_any(households::table.select(households::id))),
        )
        .set(persons::household_id.eq(persons::id.nullable()))
        .execute(&mut self.c)
        .unwrap();
    }

    fn some(&mut self, from: usize, people: &[Uid]) {
        let villages = self.villages();
        let (mut homes, mut agreed) = (Vec::new(), Vec::new());
        let (mut policies_of, mut insured) = (Vec::new(), Vec::new());
        let (mut claimed, mut events) = (Vec::new(), Vec::new());
        let (mut families, mut provided) = (Vec::new(), Vec::new());
        let product = built_in("family-accident").to_string();
        for (i, person) in people.iter().enumerate() {
            let n = from + i;
            // As people were dealt out.
            let village = &villages[n % villages.len()];
            let (key, data_key) = self.fixture.app.vault.new_data_key(person.0).unwrap();
            homes.push(HouseholdRow {
                id: *person,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                kind: HouseholdKind::Local,
                county: village.county.unwrap(),
                town: village.town,
                village: village.village,
                area_id: village.id,
                area_code: village.code.clone(),
                data_key,
                address: None,
                contact_person_id: None,
                state: HouseholdState::Active,
                registered_by: self.by,
                assignee: None,
                created_at: self.at,
                updated_at: self.at,
            });
            for purpose in [Purpose::Insurance, Purpose::CareSupport] {
                let id = self.id();
                agreed.push(ConsentRow {
                    id,
                    version: 1,
                    person_id: *person,
                    purpose,
                    text_version: 1,
                    language: TextLanguage::ZhCn,
                    channel: ConsentChannel::InPerson,
                    given_by: GivenBy::SelfGiven,
                    given_at: self.at,
                    witnessed_by: Some(self.by),
                    withdrawn_at: None,
                    withdrawn_channel: None,
                    withdrawal_recorded_by: None,
                    refused: false,
                });
            }
            let policy = self.id();
            policies_of.push(PolicyRow {
                id: policy,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                household_id: *person,
                county: village.county.unwrap(),
                town: village.town,
                village: village.village,
                product: key.seal("policies.product", policy.0, &product).unwrap(),
                policy_number: None,
                insurer_code: "picc-life".into(),
                holder_person_id: *person,
                payer_person_id: *person,
                starts_on: Day(jiff::civil::date(self.year, 1, 1)),
                ends_on: Day(jiff::civil::date(self.year, 12, 31)),
                registered_by: self.by,
                assignee: None,
                created_at: self.at,
                updated_at: self.at,
            });
            insured.push(InsuredRow {
                policy_id: policy,
                person_id: *person,
                position: 0,
                sum_agreed: vec![0; 40],
                sealed_as: None,
            });
            if n.is_multiple_of(4) {
                let place = policies_of.last().unwrap();
                let (claim, steps) = self.claim(n, place);
                claimed.push(claim);
                events.extend(steps);
            }
            if n.is_multiple_of(40) {
                let since = Day(jiff::civil::date(self.year, 1, 1));
                let id = self.id();
                families.push((
                    care_families::id.eq(id),
                    care_families::version.eq(2i64),
                    care_families::household_id.eq(*person),
                    care_families::began_on.eq(since),
                    care_families::special_since.eq(since),
                    care_families::township_contact.eq(self.by),
                    care_families::township_contact_since.eq(since),
                    care_families::doctor.eq(vec![0u8; 60]),
                    care_families::doctor_since.eq(since),
                    care_families::registered_by.eq(self.by),
                    care_families::created_at.eq(self.at.0),
                    care_families::updated_at.eq(self.at.0),
                ));
                for kind in ["township_contact", "doctor"] {
                    provided.push((
                        care_provisions::family_id.eq(id),
                        care_provisions::kind.eq(kind),
                        care_provisions::since_on.eq(since),
                    ));
                }
            }
        }
        written!(self.c, households, homes);
        written!(self.c, consents, agreed);
        written!(self.c, policies, policies_of);
        written!(self.c, policy_insured, insured);
        written!(self.c, claims, claimed);
        written!(self.c, claim_events, events);
        written!(self.c, care_families, families);
        written!(self.c, care_provisions, provided);
    }

    /// Half are decided at once, the others wait.
    fn claim(&mut self, n: usize, place: &PolicyRow) -> (ClaimRow, Vec<EventRow>) {
        use ClaimState::*;
        let steps: &[(&str, ClaimState)] = &[
            (REPORT, Reported),
            ("acceptance", Accepted),
            ("review", UnderReview),
            ("determination_approved", Approved),
        ];
        let steps = match n.is_multiple_of(8) {
            true => steps,
            false => &steps[..3],
        };
        let (id, on) = (self.id(), self.day(n));
        let row = ClaimRow {
            id,
            version: steps.len() as i64,
            field_versions: sync::fields::NEW.into(),
            policy_id: place.id,
            household_id: place.household_id,
            insured_person_id: place.holder_person_id,
            county: place.county,
            town: place.town,
            village: place.village,
            claim_type: ClaimType::Medical,
            state: ClaimStateWord(steps[steps.len() - 1].1),
            event_on: on,
            known_on: on,
            reported_on: on,
            last_on: on,
            told_papers_on: None,
            refusal_notice_on: None,
            claimed_amount: None,
            approved_amount: None,
            description: None,
            registered_by: self.by,
            assignee: None,
            created_at: self.at,
            updated_at: self.at,
        };
        let mut from = None;
        let mut events = Vec::new();
        for (number, (step, to)) in steps.iter().enumerate() {
            events.push(EventRow {
                id: self.id(),
                claim_id: id,
                number: number as i64 + 1,
                step: (*step).to_owned(),
                from_state: from,
                to_state: ClaimStateWord(*to),
                on_day: on,
                facts: Json(EventFacts::default()),
                insurer_reference: None,
                reasons: None,
                late: Json(Vec::new()),
                by_user: self.by,
                at: self.at,
            });
            from = Some(ClaimStateWord(*to));
        }
        (row, events)
    }

    /// Notices that came in, most of them answered in time.
    pub fn notices(&mut self, count: usize) {
        let villages = self.villages();
        let mut rows = Vec::new();
        for n in 0..count {
            let village = &villages[n % villages.len()];
            let (id, thread) = (self.id(), self.id());
            let (sent, due) = (
                self.day(n),
                self.day(n).0.saturating_add(jiff::Span::new().days(14)),
            );
            let answered = (!n.is_multiple_of(10)).then_some(Day(due));
            rows.push((
                liaison_notices::id.eq(id),
                liaison_notices::version.eq(2i64),
                liaison_notices::side.eq("in"),
                liaison_notices::thread.eq(thread),
                liaison_notices::code.eq(format!("B{n:09}")),
                liaison_notices::kind.eq("registration_notice"),
                liaison_notices::state.eq(if answered.is_some() {
                    "accepted"
                } else {
                    "received"
                }),
                liaison_notices::county.eq(village.county.unwrap()),
                liaison_notices::town.eq(village.town),
                liaison_notices::village.eq(village.village),
                liaison_notices::area_code.eq(village.code.clone()),
                liaison_notices::other_area_code.eq("330411"),
                liaison_notices::fields.eq("[]"),
                liaison_notices::topics.eq("[]"),
                liaison_notices::due_days.eq(10i64),
                liaison_notices::due_on.eq(Day(due)),
                liaison_notices::sent_on.eq(sent),
                liaison_notices::answered_on.eq(answered),
                liaison_notices::created_at.eq(self.at.0),
                liaison_notices::updated_at.eq(self.at.0),
            ));
        }
        written!(self.c, liaison_notices, rows);
    }

    /// What was offered in each township and quarter.
    pub fn tallies(&mut self) {
        let towns = self.areas.iter().filter(|a| a.level == AreaLevel::Town);
        let (mut local, mut migrants) = (Vec::new(), Vec::new());
        for town in towns {
            for quarter in 1..=4 {
                let quarter = format!("{}-Q{quarter}", self.year);
                for kind in OFFERED {
                    local.push((
                        household_tally::area_id.eq(town.id),
                        household_tally::quarter.eq(quarter.clone()),
                        household_tally::kind.eq(kind),
                        household_tally::count.eq(20i64),
                    ));
                    migrants.push((
                        service_tally::area_id.eq(town.id),
                        service_tally::quarter.eq(quarter.clone()),
                        service_tally::kind.eq(kind),
                        service_tally::what.eq("offered"),
                        service_tally::count.eq(20i64),
                    ));
                }
            }
        }
        written!(self.c, household_tally, local);
        written!(self.c, service_tally, migrants);
    }
}
