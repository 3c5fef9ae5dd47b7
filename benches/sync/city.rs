//! A city full of residents, put there by bulk SQL.
//!
//! Who is pulled is sealed as the server seals; the others, who only make the tables and indexes as large as
//! they are, share one person's sealed fields.

use super::report::step;
use super::settings::Settings;
use super::support::filler::{Filler, Seal};
use super::support::{self, Account, Database, Fixture, Running};
use qianshou::areas::model::AreaRow;
use qianshou::auth::policy::Role;
use qianshou::db::{DbConn, Uid};

/// Records that a resident is on a phone: the registration, the stay, the consent.
pub const EACH: usize = 3;
/// Residents that each phone looks after which has everything.
const CARED_FOR: usize = 10;

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
        let villages = support::villages(&mut c);
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
                let id = filler.add(village, account.id, Seal::Own);
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
                filler.add(village, account.id, Seal::Own);
            }
            readers.push(account);
        }
        // The rest of the city is others' work.
        let others: Vec<Account> = (0..100)
            .map(|n| member(&mut c, elsewhere[(n * 11) % elsewhere.len()]))
            .collect();
        while filler.count() < residents {
            let n = filler.count();
            let by = &others[n % others.len()];
            filler.add(elsewhere[n % elsewhere.len()], by.id, Seal::Shared);
        }
        let count = filler.count();
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
