//! A city full of residents, put there by bulk SQL.
//!
//! Who is pulled is sealed as the server seals; the others, who only make the tables and indexes as large as
//! they are, share one person's sealed fields.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::report::step;
use super::settings::Settings;
use super::support::{Account, Database, Fixture, Running, people};
use super::work;
use qianshou::areas::model::AreaRow;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{changes, consents, persons, residence_episodes, residents};
use qianshou::db::{Day, DbConn, Json, Micros, Uid};
use qianshou::each_backend;
use qianshou::people::fields::{self, Clear, Sealed};
use qianshou::people::model::*;
use qianshou::residents::model::*;
use qianshou::sync;

/// Records that a resident is on a phone: the registration, the stay, the consent.
pub const EACH: usize = 3;
/// Residents that each phone looks after which has everything.
const CARED_FOR: usize = 10;
/// Residents written at once.
const AT_ONCE: usize = 400;

pub struct City {
    pub fixture: Fixture,
    pub server: Running,
    pub residents: usize,
    /// Members whose phones have everything.
    pub readers: Vec<Account>,
    /// Members whose phones are empty, each with residents of their own.
    pub newcomers: Vec<Account>,
    /// Of the township in which so many of the newcomers' residents live.
    pub coordinator: Option<Account>,
    /// Of another township with some of them.
    pub town: Option<Account>,
    /// Residents of that township, and some who live elsewhere, each with whoever looks after them.
    pub inside: Vec<(Account, Uid)>,
    pub outside: Vec<(Account, Uid)>,
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

struct Filler<'a> {
    fixture: &'a Fixture,
    c: DbConn,
    rows: Rows,
    pos: i64,
    count: usize,
    at: Micros,
    like: Option<Sealed>,
}

impl Filler<'_> {
    fn new(fixture: &Fixture) -> Filler<'_> {
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

    /// A resident of a village, registered by this member. `real`: whoever opens the record reads it.
    fn add(&mut self, village: &AreaRow, by: Uid, real: bool) -> Uid {
        // Ids come in the order of their making.
        self.at = self.at.plus(50);
        let (at, person) = (self.at, Uid::new(self.at));
        let sealed = match (real, &self.like) {
            (false, Some(sealed)) => sealed.clone(),
            _ => {
                let sealed = self.seal(person);
                self.like = Some(sealed.clone());
                sealed
            }
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
            sex: Sex::Female,
            birth_year: Some(1985),
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
            needs: Json(vec![Need::HealthEducation]),
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
    fn finish(mut self) {
        self.write();
        let kept = match &self.c {
            DbConn::Sqlite(_) => "PRAGMA optimize; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);",
            DbConn::Pg(_) => "ANALYZE; CHECKPOINT;",
        };
        self.c.batch_execute(kept).unwrap();
    }
}

/// Villages of a township, and those of all others.
fn apart(villages: &[AreaRow], town: Option<Uid>) -> (Vec<&AreaRow>, Vec<&AreaRow>) {
    villages.iter().partition(|v| v.town == town)
}

impl City {
    /// As few residents as a county may have.
    pub fn little(database: &Database, settings: &Settings) -> City {
        City::new(database, "little", settings.few, 0, settings)
    }

    pub fn large(database: &Database, settings: &Settings) -> City {
        City::new(
            database,
            "large",
            settings.residents,
            settings.first,
            settings,
        )
    }

    fn new(
        database: &Database,
        name: &str,
        residents: usize,
        first: usize,
        settings: &Settings,
    ) -> City {
        let what = format!(
            "{}: a city of {residents} residents is filled",
            database.name()
        );
        step(&what, || {
            City::fill(database, name, residents, first, settings)
        })
    }

    fn fill(
        database: &Database,
        name: &str,
        residents: usize,
        first: usize,
        settings: &Settings,
    ) -> City {
        let fixture = Fixture::new(database, name);
        let mut c = fixture.connect();
        let villages = work::villages(&mut c);
        let mut filler = Filler::new(&fixture);
        let member = |c: &mut DbConn, village: &AreaRow| {
            Account::new(&fixture, c, Role::FieldMember, village)
        };
        // The township with the most villages is the coordinator's, the next one the other's.
        let coordinated = villages[0].town;
        let (in_town, others) = apart(&villages, coordinated);
        let other = others[0].town;
        let (in_other, elsewhere) = others
            .iter()
            .partition::<Vec<&AreaRow>, _>(|v| v.town == other);
        // Newcomers: first those of the coordinator's township, then a few of the other, then everywhere.
        let each = settings.records / EACH;
        let coordinated_members = settings.coordinator.div_ceil(EACH * each.max(1));
        let (mut newcomers, mut inside, mut outside) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..first {
            let village = if n < coordinated_members {
                in_town[n % in_town.len()]
            } else if n < coordinated_members + 2 {
                in_other[n % in_other.len()]
            } else {
                elsewhere[n % elsewhere.len()]
            };
            let account = member(&mut c, village);
            for _ in 0..each {
                let id = filler.add(village, account.id, true);
                if village.town == other {
                    inside.push((account.clone(), id));
                } else {
                    outside.push((account.clone(), id));
                }
            }
            newcomers.push(account);
        }
        let mut readers = Vec::new();
        for n in 0..settings.readers {
            let village = elsewhere[(n * 7) % elsewhere.len()];
            let account = member(&mut c, village);
            for _ in 0..CARED_FOR.min(residents / settings.readers) {
                filler.add(village, account.id, true);
            }
            readers.push(account);
        }
        // The rest of the city is others' work.
        let others: Vec<Account> = (0..100)
            .map(|n| member(&mut c, elsewhere[(n * 11) % elsewhere.len()]))
            .collect();
        while filler.count < residents {
            let n = filler.count;
            let by = &others[n % others.len()];
            filler.add(elsewhere[n % elsewhere.len()], by.id, false);
        }
        let count = filler.count;
        filler.finish();
        let mut of = |town: Option<Uid>| {
            let town = qianshou::areas::store::by_id(&mut c, town.unwrap());
            let town = town.unwrap().unwrap();
            Account::new(&fixture, &mut c, Role::Coordinator, &town)
        };
        let (coordinator, town) = if first > 0 {
            (Some(of(coordinated)), Some(of(other)))
        } else {
            (None, None)
        };
        let server = fixture.serve();
        City {
            server,
            residents: count,
            readers,
            newcomers,
            coordinator,
            town,
            inside,
            outside,
            fixture,
        }
    }
}
