//! A coordinator of one township, what they ask for, and the bare peer.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::process::Command;

use super::support::{
    self, Account, Database, Fixture as Place, Running, VILLAGE, http, registration,
};
use qianshou::areas;
use qianshou::auth::policy::Role;
use qianshou::db::{Uid, schema};

pub struct Fixture {
    place: Place,
    name: &'static str,
    user: Account,
}

impl Fixture {
    pub fn new(database: &Database) -> Fixture {
        let place = Place::new(database, "bench");
        let mut c = place.connect();
        let town = areas::store::by_code(&mut c, &VILLAGE[..9])
            .unwrap()
            .unwrap();
        let user = Account::new(&place, &mut c, Role::Coordinator, &town);
        let name = database.name();
        Fixture { place, name, user }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn serve(&self) -> Running {
        self.place.serve()
    }

    pub fn peer(&self) -> Running {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--peer", &self.place.url, &self.user.id.to_string()]);
        support::started(command)
    }

    pub fn create(&self, n: usize) -> Vec<u8> {
        let body = registration(n, VILLAGE).to_string();
        http::request("POST", "/v1/residents", &self.user.token, body.as_bytes())
    }

    pub fn read(&self, id: &Uid) -> Vec<u8> {
        let path = format!("/v1/residents/{id}");
        http::request("GET", &path, &self.user.token, b"")
    }

    pub fn list(&self) -> Vec<u8> {
        http::request("GET", "/v1/residents?limit=50", &self.user.token, b"")
    }

    /// Ids of residents that the run registered.
    pub fn ids(&self, most: i64) -> Vec<Uid> {
        let mut c = self.place.connect();
        // What autovacuum would have done within a minute: the planner knows the tables.
        c.batch_execute("ANALYZE").unwrap();
        schema::residents::table
            .select(schema::residents::id)
            .limit(most)
            .load(&mut c)
            .unwrap()
    }
}
