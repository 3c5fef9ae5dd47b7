//! A city with a township whose coordinator knows everybody: the others live around it.

use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::desk::Desk;
use super::report::step;
use super::settings::Settings;
use super::support::filler::{Filler, Seal};
use super::support::{self, Account, Database, Fixture, Running, registration};
use qianshou::areas::model::AreaRow;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{changes, duplicate_search};
use qianshou::db::{DbConn, Uid};

/// Members who registered the township's residents, and those of everywhere else.
const MEMBERS: usize = 20;
const OTHERS: usize = 100;

pub struct City {
    pub fixture: Fixture,
    server: Option<Running>,
    pub c: DbConn,
    pub residents: usize,
    /// The first so many of the residents live in the township.
    pub area: usize,
    pub members: Vec<Account>,
    pub coordinator: Account,
    /// The number of whoever is registered next.
    next: usize,
}

impl City {
    pub fn new(database: &Database, name: &str, residents: usize, settings: &Settings) -> City {
        let what = format!(
            "{}: a city of {residents} residents is filled",
            database.name()
        );
        step(&what, || {
            let area = settings.area.min(residents * 2 / 5);
            City::fill(database, name, residents, area)
        })
    }

    fn fill(database: &Database, name: &str, residents: usize, area: usize) -> City {
        let fixture = Fixture::new(database, name);
        let mut c = fixture.connect();
        let villages = support::villages(&mut c);
        let town = villages[0].town;
        let (inside, outside): (Vec<&AreaRow>, Vec<&AreaRow>) =
            villages.iter().partition(|v| v.town == town);
        let mut accounts = |count: usize, villages: &[&AreaRow]| -> Vec<Account> {
            let one = |n: usize| {
                let village = villages[(n * 11) % villages.len()];
                Account::new(&fixture, &mut c, Role::FieldMember, village)
            };
            (0..count).map(one).collect()
        };
        let members = accounts(MEMBERS, &inside);
        let others = accounts(OTHERS, &outside);
        let mut filler = Filler::new(&fixture);
        for n in 0..residents {
            let some = if n < area { &members } else { &others };
            let by = &some[n % some.len()];
            filler.add(&by.area, by.id, Seal::Own);
        }
        filler.finish();
        let town = qianshou::areas::store::by_id(&mut c, town.unwrap());
        let coordinator =
            Account::new(&fixture, &mut c, Role::Coordinator, &town.unwrap().unwrap());
        City {
            server: Some(fixture.serve()),
            fixture,
            c,
            residents,
            area,
            members,
            coordinator,
            next: residents,
        }
    }

    pub fn desk(&self) -> Desk {
        Desk::at(&self.server.as_ref().expect("it runs").address)
    }

    /// Ends the server and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.server = Some(self.fixture.serve());
    }

    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Somebody new of the township, and who registers them.
    pub fn newcomer(&mut self) -> (&Account, serde_json::Value) {
        let n = self.next;
        self.next += 1;
        let member = &self.members[n % self.members.len()];
        (member, registration(n, &member.area.code))
    }

    /// Waits until the feed is numbered and the search for duplicates has looked at everybody: from then on the
    /// server has nothing else to do.
    pub fn at_rest(&mut self) -> Duration {
        let began = Instant::now();
        support::settled(&mut self.c);
        let newest: Option<i64> = changes::table
            .select(diesel::dsl::max(changes::pos))
            .first(&mut self.c)
            .unwrap();
        while looked_at(&mut self.c) < newest.unwrap_or(0) {
            assert!(began.elapsed() < PATIENCE, "the search does not come on");
            std::thread::sleep(Duration::from_millis(20));
        }
        began.elapsed()
    }
}

const PATIENCE: Duration = Duration::from_secs(1200);

fn looked_at(c: &mut DbConn) -> i64 {
    duplicate_search::table
        .select(duplicate_search::pos)
        .first(c)
        .unwrap()
}

/// The id in an answer's member.
pub fn id(answer: &serde_json::Value, member: &str) -> Uid {
    answer[member].as_str().unwrap().parse().unwrap()
}
