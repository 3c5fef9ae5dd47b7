//! What every handler and worker shares.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use crate::auth::rights::RightsCache;
use crate::config::Config;
use crate::crypto::{OfficeKeys, Vault};
use crate::db::{Db, Micros};
use crate::http::limits::Limiter;
use crate::privacy::erasure::journal::Journal;
use crate::push::wecom;
use crate::residents::names::Names;
use crate::sync::health::Seen;
use crate::sync::turns::Turns;
use crate::telemetry::Metrics;

pub struct App {
    pub db: Db,
    pub vault: Arc<Vault>,
    pub config: Arc<Config>,
    pub clock: Clock,
    pub rights: RightsCache,
    pub limiter: Limiter,
    pub public_limiter: Limiter,
    pub metrics: Arc<Metrics>,
    /// Rung when something was put into the outbox.
    pub outbox: Arc<tokio::sync::Notify>,
    /// Names that searches opened, for a few minutes.
    pub names: Names,
    /// Who was erased, beside the keys.
    pub journal: Journal,
    /// How phones' sync fares, until it is stored.
    pub seen: Seen,
    /// Whose push is under way.
    pub pushing: Turns,
    /// The keys by which other offices know us, once they were asked for (`liaison::peers::keys`).
    pub office: RwLock<Option<Arc<OfficeKeys>>>,
    /// When the working days that are in use were imported, in microseconds; 0 for those of the program.
    pub work_days: AtomicI64,
    /// WeCom, for those who bind an account there; none where it is not set up.
    pub wecom: Option<Arc<wecom::Api>>,
    /// One uploaded spreadsheet at a time is held in memory.
    pub sheets: Arc<tokio::sync::Semaphore>,
}

/// Time is injected: tests move it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds that tests put on top.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    pub fn now(&self) -> Micros {
        Micros(jiff::Timestamp::now().as_microsecond() + self.ahead.load(Ordering::Relaxed))
    }
    /// Moves the clock; for tests and demonstrations.
    pub fn advance(&self, micros: i64) {
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Where it is set up wrongly, whoever sends pushes does not start and says which key it is.
fn channel(config: &Config) -> Option<Arc<wecom::Api>> {
    let corp_id = config.wecom.corp_id.as_deref()?;
    match wecom::Api::open(corp_id, &config.wecom) {
        Ok(api) => Some(Arc::new(api)),
        Err(cause) => {
            tracing::error!(cause, "no account of WeCom can be bound here");
            None
        }
    }
}

impl App {
    pub fn new(db: Db, vault: Arc<Vault>, config: Arc<Config>, clock: Clock) -> App {
        let writers = (!db.is_sqlite()).then_some(config.writers);
        let pushing = Turns::new(writers, config.queue);
        App {
            limiter: Limiter::new(config.rate_per_second, config.rate_burst),
            public_limiter: Limiter::new(config.public_rate_per_second, config.public_rate_burst),
            journal: Journal::beside(&config.keys_dir),
            wecom: channel(&config),
            db,
            vault,
            config,
            clock,
            rights: RightsCache::default(),
            metrics: Arc::default(),
            outbox: Arc::default(),
            names: Names::default(),
            seen: Seen::default(),
            pushing,
            office: RwLock::default(),
            work_days: AtomicI64::new(0),
            sheets: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }
}
