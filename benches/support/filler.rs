//! Residents put into a database by bulk SQL, as the server would have written them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Fixture, people};
use qianshou::areas::model::AreaRow;
use qianshou::db::schema::{
    changes, consents, duplicate_search, persons, residence_episodes, residents,
};
use qianshou::db::{Day, DbConn, Json, Micros, Uid};
use qianshou::each_backend;
use qianshou::people::fields::{self, Clear, Sealed};
use qianshou::people::model::*;
use qianshou::residents::model::*;
use qianshou::sync;

/// Residents written at once.
const AT_ONCE: usize = 400;

/// Whose values stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// Their own: whoever opens the record reads it, and it is found by its phone and document.
    Own,
    /// Those of whoever came before: the tables and indexes are as large, and filled sooner.
    Shared,
}

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct ChangeRow {
    pos: Option<i64>,
    kind: &'static str,
    record_id: Uid,
    audience: Uid,
    op: &'static str,
    version: i64,
    view: &'static str,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    assignee: Option<Uid>,
    at: i64,
}

/// Rows that wait to be written together.
#[derive(Default)]
struct Rows {
    persons: Vec<PersonRow>,
    residents: Vec<ResidentRow>,
    episodes: Vec<EpisodeRow>,
    consents: Vec<ConsentRow>,
    changes: Vec<ChangeRow>,
}

pub struct Filler<'a> {
    fixture: &'a Fixture,
    c: DbConn,
    rows: Rows,
    pos: i64,
    count: usize,
    at: Micros,
    like: Option<Sealed>,
}

impl Filler<'_> {
    pub fn new(fixture: &Fixture) -> Filler<'_> {
        let mut c = fixture.connect();
        let fast = match &c {
            DbConn::Sqlite(_) => "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;",
            DbConn::Pg(_) => "SET synchronous_commit=off; SET statement_timeout=0;",
        };
        c.batch_execute(fast).unwrap();
        let newest: Option<i64> = changes::table
            .select(diesel::dsl::max(changes::pos))
            .first(&mut c)
            .unwrap();
        Filler {
            fixture,
            c,
            rows: Rows::default(),
            pos: newest.unwrap_or(0),
            count: 0,
            at: fixture.app.clock.now().plus(-30 * Micros::DAY),
            like: None,
        }
    }

    fn seal(&mut self, id: Uid) -> Sealed {
        let n = self.count;
        let clear = Clear {
            name: people::name(n),
            phone: Some(format!("+8613{:09}", n % 1_000_000_000)),
            address: Some(format!("建设街道百福弄{}号", n % 500)),
            document: Some((DocumentType::ResidentId, people::document(n))),
        };
        fields::seal_new(&self.fixture.app.vault, id, &clear)
            .unwrap()
            .1
    }

    /// How many were added. The next one is the person of this number: theirs are the name, the phone and the
    /// document of it.
    pub fn count(&self) -> usize {
        self.count
    }

    /// A resident of a village, registered by this member.
    pub fn add(&mut self, village: &AreaRow, by: Uid, seal: Seal) -> Uid {
        // Ids come in the order of their making.
        self.at = self.at.plus(50);
        let (at, person) = (self.at, Uid::new(self.at));
        let sealed = match (seal, &self.like) {
            (Seal::Shared, Some(sealed)) => sealed.clone(),
            _ => {
                let sealed = self.seal(person);
                self.like = Some(sealed.clone());
                sealed
            }
        };
        let born = people::born(self.count) as i64;
        let sex = match people::is_man(self.count) {
            true => Sex::Male,
            false => Sex::Female,
        };
        self.count += 1;
        let (id, stay, consent) = (Uid::new(at), Uid::new(at), Uid::new(at));
        let new = || sync::fields::NEW.to_owned();
        let arrived = Day(jiff::civil::date(2026, 3, 1));
        let county = village.county.unwrap();
        self.rows.persons.push(PersonRow {
            id: person,
            version: 1,
            field_versions: new(),
            county,
            town: village.town,
            village: village.village,
            area_id: village.id,
            area_code: village.code.clone(),
            household_id: None,
            data_key: sealed.data_key,
            name: sealed.name,
            phone: sealed.phone,
            phone_index: sealed.phone_index,
            address: sealed.address,
            document_kind: sealed.document_kind,
            document: sealed.document,
            document_index: sealed.document_index,
            sex,
            birth_year: Some(born),
            language: None,
            contact_hours: None,
            state: PersonState::Active,
            merged_into: None,
            registered_by: by,
            assignee: None,
            created_at: at,
            updated_at: at,
        });
        self.rows.residents.push(ResidentRow {
            id,
            version: 1,
            field_versions: new(),
            person_id: person,
            county,
            town: village.town,
            village: village.village,
            assignee: None,
            registered_by: by,
            home_area_id: None,
            home_area_code: None,
            arrived_on: arrived,
            expected_stay: ExpectedStay::OverOneYear,
            reason: StayReason::Work,
            employer: None,
            needs: Json(vec![Need::Health]),
            state: ResidentState::Active,
            created_at: at,
            updated_at: at,
            merged_into: None,
        });
        self.rows.episodes.push(EpisodeRow {
            id: stay,
            version: 1,
            field_versions: new(),
            resident_id: id,
            person_id: person,
            area_id: village.id,
            area_code: village.code.clone(),
            address: None,
            from_day: arrived,
            to_day: None,
            reason: StayReason::Work,
            left_reason: None,
            created_by: by,
            created_at: at,
            updated_at: at,
        });
        self.rows.consents.push(ConsentRow {
            id: consent,
            version: 1,
            person_id: person,
            purpose: Purpose::Registration,
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
        for (kind, record, masked) in [
            ("consent", consent, false),
            ("resident", id, true),
            ("residence", stay, false),
        ] {
            self.tell(kind, record, masked, village, None);
            self.tell(kind, record, false, village, Some(by));
        }
        if self.rows.persons.len() == AT_ONCE {
            self.write();
        }
        id
    }

    fn tell(
        &mut self,
        kind: &'static str,
        record: Uid,
        masked: bool,
        village: &AreaRow,
        to: Option<Uid>,
    ) {
        self.pos += 1;
        let area = |id: Option<Uid>| id.filter(|_| to.is_none());
        self.rows.changes.push(ChangeRow {
            pos: Some(self.pos),
            kind,
            record_id: record,
            audience: to.unwrap_or(Uid::NIL),
            op: "upsert",
            version: 1,
            view: if masked { "masked" } else { "full" },
            county: area(village.county),
            town: area(village.town),
            village: area(village.village),
            assignee: to,
            at: self.at.0,
        });
    }

    fn write(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.c
            .transaction(|c| {
                macro_rules! insert {
                    ($table:ident, $rows:expr) => {
                        each_backend!(c, |c| for part in $rows.chunks(1000) {
                            diesel::insert_into($table::table).values(part).execute(c)?;
                        })
                    };
                }
                insert!(persons, rows.persons);
                insert!(residents, rows.residents);
                insert!(residence_episodes, rows.episodes);
                insert!(consents, rows.consents);
                insert!(changes, rows.changes);
                diesel::QueryResult::Ok(())
            })
            .unwrap();
    }

    /// What a maintained database has: statistics, and a log that is written back.
    pub fn finish(mut self) {
        self.write();
        // And what its server has done long ago: everybody was looked at by the search for duplicates.
        diesel::update(duplicate_search::table)
            .set(duplicate_search::pos.eq(self.pos))
            .execute(&mut self.c)
            .unwrap();
        let kept = match &self.c {
            DbConn::Sqlite(_) => "PRAGMA optimize; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);",
            DbConn::Pg(_) => "ANALYZE; CHECKPOINT;",
        };
        self.c.batch_execute(kept).unwrap();
    }
}
