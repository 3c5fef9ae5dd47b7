//! The server under test: one of this process with a database of its own, or any other by its address.

mod backup;
mod foreign;

use std::cell::RefCell;
use std::sync::Arc;

use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

pub use foreign::{Foreign, URL};

/// What only some servers let a test do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Move the server's clock.
    Clock,
    /// Make a backup, and put the server back to it.
    Backup,
    /// Look behind the API.
    Database,
}

/// Where work is done: two villages where nobody else works meanwhile.
pub type Villages = [String; 2];

pub enum Target {
    Own(Box<Own>),
    Foreign(Foreign),
}

/// A server of this process.
pub struct Own {
    app: TestApp,
    admin: Client,
    /// Runs since a backup was put back.
    restored: RefCell<Option<TestApp>>,
}

/// The server as it was.
pub struct Backup(backup::Copy);

impl Target {
    pub async fn own(backend: Backend) -> Target {
        let app = TestApp::start(backend, Vec::new()).await;
        let admin = app.user(Role::Administrator, CITY).await;
        Target::Own(Box::new(Own {
            app,
            admin,
            restored: RefCell::default(),
        }))
    }

    pub fn base(&self) -> String {
        match self {
            Target::Own(own) => own.app.url.clone(),
            Target::Foreign(foreign) => foreign.base.clone(),
        }
    }

    pub fn has(&self, power: Power) -> bool {
        match (self, power) {
            (Target::Own(_), _) => true,
            (Target::Foreign(_), Power::Clock | Power::Backup | Power::Database) => false,
        }
    }

    /// An access token of an administrator of the villages, good for some minutes.
    pub async fn administrator(&self, http: &reqwest::Client) -> String {
        match self {
            Target::Own(own) => make::renewed(&own.app, &own.admin).token().to_owned(),
            Target::Foreign(foreign) => foreign.token(http).await,
        }
    }

    pub async fn villages(&self, admin: &Client) -> Villages {
        match self {
            Target::Own(_) => [VILLAGE.to_owned(), SECOND_VILLAGE.to_owned()],
            Target::Foreign(foreign) => foreign.villages(admin).await,
        }
    }

    /// The server's clock in milliseconds, as well as it is known.
    pub fn clock(&self) -> Arc<dyn Fn() -> i64 + Send + Sync> {
        match self {
            Target::Own(own) => {
                let clock = own.app.data.clock.clone();
                Arc::new(move || clock.now().0 / 1000)
            }
            Target::Foreign(_) => Arc::new(|| jiff::Timestamp::now().as_millisecond()),
        }
    }

    fn owned(&self, power: Power) -> &Own {
        match self {
            Target::Own(own) => own,
            Target::Foreign(_) => panic!("a case asked for {power:?} without needing it"),
        }
    }

    /// Needs [`Power::Clock`].
    pub fn advance(&self, millis: i64) {
        self.owned(Power::Clock).app.advance(millis * 1000);
    }

    /// Needs [`Power::Backup`].
    pub fn back_up(&self) -> Backup {
        Backup(backup::make(&self.owned(Power::Backup).app))
    }

    /// Answers where the server is now. Needs [`Power::Backup`].
    pub async fn restore(&self, backup: Backup) -> String {
        let own = self.owned(Power::Backup);
        let settings = vec![("database.url", backup::open(backup.0))];
        let restored = TestApp::start(own.app.backend, settings).await;
        let base = restored.url.clone();
        let before = own.restored.replace(Some(restored));
        assert!(before.is_none(), "restored twice");
        base
    }

    /// How far off the server takes a phone's clock to be, in milliseconds. Needs [`Power::Database`].
    pub async fn noted_skew(&self, device: &str) -> Option<i64> {
        use diesel::prelude::*;
        use qianshou::db::{Uid, schema::device_sync};
        let app = &self.owned(Power::Database).app;
        qianshou::sync::health::store_seen(&app.data).await.unwrap();
        device_sync::table
            .find(device.parse::<Uid>().unwrap())
            .select(device_sync::clock_skew_ms)
            .first(&mut app.connection())
            .optional()
            .unwrap()
            .flatten()
    }

    pub async fn stop(self) {
        let Target::Own(own) = self else { return };
        if let Some(restored) = own.restored.into_inner() {
            restored.stop().await;
        }
        own.app.stop().await;
    }
}

/// As long as an access token of this process's servers lasts, and a little more.
pub const TOKEN_TERM: i64 = (15 * Micros::MINUTE + Micros::SECOND) / 1000;
