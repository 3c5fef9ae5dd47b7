//! Households with policies of two years ago, put into a database by bulk SQL, as the server would have written them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::support::{Fixture, people};
use qianshou::areas::model::AreaRow;
use qianshou::db::schema::{
    consents, households, persons, policies, policy_beneficiaries, policy_insured,
};
use qianshou::db::{Day, DbConn, Micros, Uid};
use qianshou::each_backend;
use qianshou::households::model::{HouseholdKind, HouseholdRow, HouseholdState};
use qianshou::insurance::catalogue::built_in;
use qianshou::insurance::model::{BeneficiaryRow, InsuredRow, PolicyRow};
use qianshou::insurance::rules::Concluded;
use qianshou::people::fields::{self, Clear};
use qianshou::people::model::*;
use qianshou::sync;

/// Numbers of these people begin here: those below are residents.
pub const FROM: usize = 3_000_000;

#[derive(Default)]
struct Rows {
    households: Vec<HouseholdRow>,
    persons: Vec<PersonRow>,
    consents: Vec<ConsentRow>,
    policies: Vec<PolicyRow>,
    insured: Vec<InsuredRow>,
    beneficiaries: Vec<BeneficiaryRow>,
}

/// Who lives in the household of this number.
pub fn clear(n: usize) -> Clear {
    let n = FROM + n;
    Clear {
        name: people::name(n),
        phone: Some(format!("+8617{:09}", n)),
        address: None,
        document: Some((DocumentType::ResidentId, people::document(n))),
    }
}

/// So many households of one person, who has two policies that ended.
pub fn fill(fixture: &Fixture, villages: &[AreaRow], by: Uid, households_count: usize) {
    let mut c = fixture.connect();
    let fast = match &c {
        DbConn::Sqlite(_) => "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;",
        DbConn::Pg(_) => "SET synchronous_commit=off; SET statement_timeout=0;",
    };
    c.batch_execute(fast).unwrap();
    let mut rows = Rows::default();
    for n in 0..households_count {
        add(&mut rows, fixture, &villages[n % villages.len()], by, n);
        if rows.households.len() == 500 {
            write(&mut c, std::mem::take(&mut rows));
        }
    }
    write(&mut c, rows);
    let kept = match &c {
        DbConn::Sqlite(_) => "PRAGMA optimize; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);",
        DbConn::Pg(_) => "ANALYZE; CHECKPOINT;",
    };
    c.batch_execute(kept).unwrap();
}

fn add(rows: &mut Rows, fixture: &Fixture, village: &AreaRow, by: Uid, n: usize) {
    let at = fixture.app.clock.now().plus(-20 * Micros::DAY + n as i64);
    let (home, person) = (Uid::new(at), Uid::new(at));
    let vault = &fixture.app.vault;
    let (key, data_key) = vault.new_data_key(home.0).unwrap();
    let new = || sync::fields::NEW.to_owned();
    let household = HouseholdRow {
        id: home,
        version: 1,
        field_versions: new(),
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
        registered_by: by,
        assignee: None,
        created_at: at,
        updated_at: at,
    };
    let (_, sealed) = fields::seal_new(vault, person, &clear(n)).unwrap();
    rows.persons.push(PersonRow {
        id: person,
        version: 1,
        field_versions: new(),
        county: village.county.unwrap(),
        town: village.town,
        village: village.village,
        area_id: village.id,
        area_code: village.code.clone(),
        household_id: Some(home),
        data_key: sealed.data_key,
        name: sealed.name,
        phone: sealed.phone,
        phone_index: sealed.phone_index,
        address: None,
        document_kind: sealed.document_kind,
        document: sealed.document,
        document_index: sealed.document_index,
        sex: Sex::Unspecified,
        birth_year: Some(people::born(FROM + n) as i64),
        language: None,
        contact_hours: None,
        state: PersonState::Active,
        merged_into: None,
        registered_by: by,
        assignee: Some(by),
        created_at: at,
        updated_at: at,
    });
    rows.consents.push(ConsentRow {
        id: Uid::new(at),
        version: 1,
        person_id: person,
        purpose: Purpose::Insurance,
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
    for year in [2023, 2024] {
        let number = format!("OLD-{year}-{n:06}");
        let concluded = Concluded {
            id: Uid::new(at),
            household: &household,
            product: built_in("family-accident"),
            insurer_code: "picc-life",
            policy_number: Some(&number),
            holder: person,
            payer: person,
            starts_on: Day(jiff::civil::date(year, 1, 1)),
            ends_on: Day(jiff::civil::date(year, 12, 31)),
            registered_by: by,
            at,
            insured: vec![(person, true)],
            beneficiaries: Vec::new(),
        };
        let (policy, insured, beneficiaries) = concluded.rows(&key).unwrap();
        rows.policies.push(policy);
        rows.insured.extend(insured);
        rows.beneficiaries.extend(beneficiaries);
    }
    rows.households.push(household);
}

fn write(c: &mut DbConn, rows: Rows) {
    c.transaction(|c| {
        macro_rules! insert {
            ($($table:ident $rows:ident;)+) => {$(
                each_backend!(c, |c| for part in rows.$rows.chunks(1000) {
                    diesel::insert_into($table::table).values(part).execute(c)?;
                });
            )+};
        }
        insert! {
            households households;
            persons persons;
            consents consents;
            policies policies;
            policy_insured insured;
            policy_beneficiaries beneficiaries;
        }
        diesel::QueryResult::Ok(())
    })
    .unwrap();
}
