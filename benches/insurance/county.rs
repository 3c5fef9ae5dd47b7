//! A county in which many are insured, within a city of many.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::report::step;
use super::settings::Settings;
use super::support::filler::{Filler, Seal};
use super::support::{self, Account, Database, Fixture, Running};
use qianshou::areas::model::AreaRow;
use qianshou::auth::policy::Role;
use qianshou::db::schema::*;
use qianshou::db::{Day, DbConn, Fen, Json, Micros, Uid};
use qianshou::each_backend;
use qianshou::households::model::{HouseholdKind, HouseholdRow, HouseholdState};
use qianshou::insurance::machine::ClaimState;
use qianshou::insurance::model::*;
use qianshou::insurance::statistics::CLOSES_AFTER;
use qianshou::people::model::*;
use qianshou::statistics::quarter::Quarter;
use qianshou::sync;
use qianshou::visits::homes_store;
use qianshou::visits::model::*;
use qianshou::visits::rules::{FollowUpState, VisitState};

/// Members who registered everybody.
const MEMBERS: usize = 40;
/// Households written at once.
const AT_ONCE: usize = 500;

pub struct County {
    pub fixture: Fixture,
    server: Option<Running>,
    pub c: DbConn,
    pub area: AreaRow,
    pub coordinator: Account,
    pub members: Vec<Account>,
    pub villages: Vec<AreaRow>,
    /// The newest quarter that can be closed: what happened stands in it.
    pub quarter: Quarter,
}

/// Somebody insured: their id, and where they live.
type Person = (Uid, Uid, Option<Uid>, Option<Uid>);

#[derive(Default)]
struct Rows {
    households: Vec<HouseholdRow>,
    consents: Vec<ConsentRow>,
    policies: Vec<PolicyRow>,
    insured: Vec<InsuredRow>,
    claims: Vec<ClaimRow>,
    events: Vec<EventRow>,
    payments: Vec<PaymentRow>,
    visits: Vec<VisitRow>,
    follow_ups: Vec<FollowUpRow>,
}

impl County {
    pub fn new(database: &Database, settings: &Settings) -> County {
        let what = format!(
            "{}: a county of {} policies in a city of {} residents is filled",
            database.name(),
            settings.policies,
            settings.residents
        );
        step(&what, || County::fill(database, settings))
    }

    fn fill(database: &Database, settings: &Settings) -> County {
        let fixture = Fixture::new(database, "insurance");
        let mut c = fixture.connect();
        let villages = support::villages(&mut c);
        let county = villages[0].county.unwrap();
        let (inside, outside): (Vec<AreaRow>, Vec<AreaRow>) =
            villages.into_iter().partition(|v| v.county == Some(county));
        let area = qianshou::areas::store::by_id(&mut c, county);
        let area = area.unwrap().unwrap();
        let members: Vec<Account> = (0..MEMBERS)
            .map(|n| {
                let village = &inside[n % inside.len()];
                Account::new(&fixture, &mut c, Role::FieldMember, village)
            })
            .collect();
        let coordinator = Account::new(&fixture, &mut c, Role::Coordinator, &area);
        let mut filler = Filler::new(&fixture);
        for n in 0..settings.residents {
            let some = if n < settings.policies {
                &inside
            } else {
                &outside
            };
            filler.add(&some[n % some.len()], members[n % MEMBERS].id, Seal::Shared);
        }
        filler.finish();
        let quarter = newest_closed(fixture.app.clock.now());
        let mut filled = County {
            server: None,
            c,
            area,
            coordinator,
            members,
            villages: inside,
            quarter,
            fixture,
        };
        filled.insure(settings);
        filled.open_homes(settings);
        filled.server = Some(filled.fixture.serve());
        filled
    }

    pub fn address(&self) -> &str {
        &self.server.as_ref().expect("it runs").address
    }

    pub fn stop(&mut self) {
        self.server = None;
    }

    /// A day of the quarter.
    fn day(&self, n: usize) -> Day {
        let span = jiff::Span::new().days((n % 60) as i64);
        Day(self.quarter.first_day().saturating_add(span))
    }

    fn insure(&mut self, settings: &Settings) {
        let fast = match &self.c {
            DbConn::Sqlite(_) => "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;",
            DbConn::Pg(_) => "SET synchronous_commit=off; SET statement_timeout=0;",
        };
        self.c.batch_execute(fast).unwrap();
        let people: Vec<Person> = persons::table
            .filter(persons::county.eq(self.area.id))
            .select((
                persons::id,
                persons::county,
                persons::town,
                persons::village,
            ))
            .order(persons::id)
            .limit(settings.policies as i64)
            .load(&mut self.c)
            .unwrap();
        let mut rows = Rows::default();
        for (n, person) in people.into_iter().enumerate() {
            self.one(&mut rows, n, person, settings);
            if rows.households.len() == AT_ONCE {
                write(&mut self.c, std::mem::take(&mut rows));
            }
        }
        write(&mut self.c, rows);
    }

    /// A household, its policy, now and then a claim and a visit that left something to do.
    fn one(&mut self, rows: &mut Rows, n: usize, person: Person, settings: &Settings) {
        let (person, county, town, village) = person;
        let at = self.fixture.app.clock.now().plus(-20 * Micros::DAY);
        let (household, by) = (Uid::new(at), self.members[n % MEMBERS].id);
        let new = || sync::fields::NEW.to_owned();
        let code = self.villages[n % self.villages.len()].code.clone();
        rows.households.push(HouseholdRow {
            id: household,
            version: 1,
            field_versions: new(),
            kind: HouseholdKind::Migrant,
            county,
            town,
            village,
            area_id: village.unwrap_or(county),
            area_code: code.clone(),
            data_key: vec![0; 60],
            address: None,
            contact_person_id: None,
            state: HouseholdState::Active,
            registered_by: by,
            assignee: None,
            created_at: at,
            updated_at: at,
        });
        for purpose in [Purpose::Insurance, Purpose::ServiceFollowUp] {
            rows.consents.push(ConsentRow {
                id: Uid::new(at),
                version: 1,
                person_id: person,
                purpose,
                text_version: 1,
                language: TextLanguage::ZhCn,
                channel: ConsentChannel::InPerson,
                given_by: GivenBy::SelfGiven,
                given_at: at,
                witnessed_by: Some(by),
                withdrawn_at: None,
                withdrawn_channel: None,
                withdrawal_recorded_by: None,
                refused: false,
            });
        }
        let policy = Uid::new(at);
        rows.policies.push(PolicyRow {
            id: policy,
            version: 1,
            field_versions: new(),
            household_id: household,
            county,
            town,
            village,
            product: vec![0; 60],
            policy_number: None,
            insurer_code: "picc-life".into(),
            holder_person_id: person,
            payer_person_id: person,
            starts_on: self.day(n),
            ends_on: Day(self
                .quarter
                .last_day()
                .saturating_add(jiff::Span::new().days(300))),
            registered_by: by,
            assignee: Some(by),
            created_at: at,
            updated_at: at,
        });
        rows.insured.push(InsuredRow {
            policy_id: policy,
            person_id: person,
            position: 0,
            sum_agreed: vec![0; 40],
            sealed_as: None,
        });
        if n < settings.claims {
            self.claim(rows, n, (household, policy, person), at);
        }
        if n < settings.overdue {
            let visit = Uid::new(at);
            rows.visits
                .push(self.visit(visit, n, None, Some(household), at));
            rows.follow_ups.push(FollowUpRow {
                id: Uid::new(at),
                version: 1,
                field_versions: new(),
                visit_id: visit,
                member_home_id: None,
                household_id: Some(household),
                county,
                town,
                village,
                registered_by: by,
                assignee: by,
                published: true,
                due_on: Day(at.china_day()),
                task: vec![0; 60],
                state: FollowUpState::Open,
                outcome: None,
                outcome_note: None,
                closed_by: None,
                closed_at: None,
                created_at: at,
                updated_at: at,
            });
        }
    }

    /// Every other claim is paid, the rest is under review.
    fn claim(&self, rows: &mut Rows, n: usize, of: (Uid, Uid, Uid), at: Micros) {
        use ClaimState::*;
        let (household, policy, person) = of;
        let (id, by, on) = (Uid::new(at), self.members[n % MEMBERS].id, self.day(n));
        let steps: &[(&str, ClaimState)] = &[
            (REPORT, Reported),
            ("acceptance", Accepted),
            ("review", UnderReview),
            ("determination_approved", Approved),
            ("agreement", Agreed),
            ("payment", Paid),
        ];
        let steps = if n.is_multiple_of(2) {
            steps
        } else {
            &steps[..3]
        };
        let (place, state) = (rows.policies.last().unwrap(), steps[steps.len() - 1].1);
        let paid = state == Paid;
        rows.claims.push(ClaimRow {
            id,
            version: steps.len() as i64,
            field_versions: sync::fields::NEW.into(),
            policy_id: policy,
            household_id: household,
            insured_person_id: person,
            county: place.county,
            town: place.town,
            village: place.village,
            claim_type: ClaimType::Medical,
            state: ClaimStateWord(state),
            event_on: on,
            known_on: on,
            reported_on: on,
            last_on: on,
            told_papers_on: None,
            refusal_notice_on: None,
            claimed_amount: None,
            approved_amount: paid.then_some(Fen(26_000)),
            description: None,
            registered_by: by,
            assignee: Some(by),
            created_at: at,
            updated_at: at,
        });
        let mut from = None;
        for (number, (step, to)) in steps.iter().enumerate() {
            let event = Uid::new(at);
            rows.events.push(EventRow {
                id: event,
                claim_id: id,
                number: number as i64 + 1,
                step: (*step).to_owned(),
                from_state: from,
                to_state: ClaimStateWord(*to),
                on_day: on,
                facts: Json(EventFacts {
                    amount: (*to == Approved).then_some(26_000),
                    ..EventFacts::default()
                }),
                insurer_reference: None,
                reasons: None,
                late: Json(Vec::new()),
                by_user: by,
                at,
            });
            from = Some(ClaimStateWord(*to));
            if *step == "payment" {
                rows.payments.push(PaymentRow {
                    id: event,
                    claim_id: id,
                    kind: PaymentKind::Full,
                    amount: Fen(26_000),
                    paid_on: on,
                    event_id: event,
                    created_at: at,
                });
            }
        }
    }

    fn visit(
        &self,
        id: Uid,
        n: usize,
        home: Option<Uid>,
        household: Option<Uid>,
        at: Micros,
    ) -> VisitRow {
        let village = &self.villages[n % self.villages.len()];
        VisitRow {
            id,
            version: 2,
            field_versions: sync::fields::NEW.into(),
            state: VisitState::Submitted,
            county: self.area.id,
            town: village.town,
            village: village.village,
            area_code: village.code.clone(),
            registered_by: self.members[n % MEMBERS].id,
            assignee: None,
            member_home_id: home,
            household_id: household,
            purpose: VisitPurpose::Routine,
            started_at: at,
            ended_at: None,
            visit_day: self.day(n),
            companions: Json(Vec::new()),
            lat_milli: None,
            lng_milli: None,
            offered: Json(Vec::new()),
            needs_voiced: Json(Vec::new()),
            needs_note: None,
            photos: Json(Vec::new()),
            return_reason: None,
            return_note: None,
            submitted_at: Some(at),
            reviewed_by: None,
            reviewed_at: None,
            created_at: at,
            updated_at: at,
        }
    }

    /// Member homes, half of them visited; and what a maintained database has: statistics.
    fn open_homes(&mut self, settings: &Settings) {
        let at = self.fixture.app.clock.now().plus(-20 * Micros::DAY);
        for n in 0..settings.homes {
            let village = &self.villages[n % self.villages.len()];
            let home = HomeRow {
                id: Uid::new(at),
                version: 1,
                field_versions: sync::fields::NEW.into(),
                county: self.area.id,
                town: village.town,
                village: village.village,
                area_id: village.id,
                area_code: village.code.clone(),
                title: "会员之家".into(),
                site_address: "百福弄1号".into(),
                opening_hours: None,
                keeper_id: None,
                state: HomeState::Open,
                registered_by: self.members[0].id,
                created_at: at,
                updated_at: at,
            };
            let visit = self.visit(Uid::new(at), n, Some(home.id), None, at);
            diesel::insert_into(member_homes::table)
                .values(&home)
                .execute(&mut self.c)
                .unwrap();
            let opened = Day(self.quarter.first_day());
            homes_store::opened(&mut self.c, home.id, opened).unwrap();
            if n.is_multiple_of(2) {
                diesel::insert_into(visits::table)
                    .values(&visit)
                    .execute(&mut self.c)
                    .unwrap();
            }
        }
        let kept = match &self.c {
            DbConn::Sqlite(_) => "PRAGMA optimize; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);",
            DbConn::Pg(_) => "ANALYZE; CHECKPOINT;",
        };
        self.c.batch_execute(kept).unwrap();
    }
}

fn newest_closed(now: Micros) -> Quarter {
    let today = now.china_day();
    let mut quarter = Quarter::of(today).before();
    let days = jiff::Span::new().days(CLOSES_AFTER);
    while quarter.last_day().saturating_add(days) > today {
        quarter = quarter.before();
    }
    quarter
}

fn write(c: &mut DbConn, rows: Rows) {
    let people: Vec<(Uid, Uid)> = rows
        .policies
        .iter()
        .map(|policy| (policy.holder_person_id, policy.household_id))
        .collect();
    c.transaction(|c| {
        macro_rules! insert {
            ($table:ident, $rows:expr) => {
                each_backend!(c, |c| for part in $rows.chunks(500) {
                    diesel::insert_into($table::table).values(part).execute(c)?;
                })
            };
        }
        insert!(households, rows.households);
        for (person, household) in people {
            diesel::update(persons::table.find(person))
                .set(persons::household_id.eq(household))
                .execute(c)?;
        }
        insert!(consents, rows.consents);
        insert!(policies, rows.policies);
        insert!(policy_insured, rows.insured);
        insert!(claims, rows.claims);
        insert!(claim_events, rows.events);
        insert!(claim_payments, rows.payments);
        insert!(visits, rows.visits);
        insert!(follow_ups, rows.follow_ups);
        QueryResult::Ok(())
    })
    .unwrap();
}
