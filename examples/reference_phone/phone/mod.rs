//! The reference phone: what an app does to keep work safe through days without coverage.
//!
//! It follows docs/sync.md step by step and is meant to be read beside it: `wire` is the contract's JSON,
//! `transport` the network, `store` the phone's own SQLite file, `account` signing in, `queue` the work done
//! offline, `push` and `pull` the two calls, `receipts` the proof that a day's work arrived. `merge` holds the
//! decisions that need neither file nor network.
//!
//! Three things keep the work safe. An operation is stored before anything is sent, and stays until its
//! result is stored. What was sent once is never altered and is sent again under the same `op_id`. A cursor
//! is stored in the transaction of the changes that came with it.
//!
//! Time, randomness and the network are given from outside (`Surroundings`), so that a simulation can
//! replay a run. A phone does one thing at a time (`&mut self`). Its file is read and written between the
//! requests in the calling thread: that takes milliseconds, and a phone serves nobody else meanwhile.

// Tests and benches include these files and use a part of them each.
#![allow(dead_code, unused_imports)]

mod account;
mod clock;
mod error;
mod merge;
mod pull;
mod push;
mod queue;
mod receipts;
mod shown;
pub mod store;
pub mod transport;
pub mod wire;

use std::path::Path;
use std::sync::Arc;

use rand::Rng as _;
use rand::rngs::StdRng;

pub use account::About;
pub use clock::{Clock, DeviceClock, Moment};
pub use error::{Error, Result};
pub use merge::merge_patch;
pub use pull::Pulled;
pub use push::Settled;
pub use queue::Draft;
pub use receipts::Receipt;
pub use shown::Shown;
pub use store::{Db, Id, Json, Operation, Record, State};
pub use transport::{Answer, Http, Method, NoAnswer, Request, Sending, Transport};

use store::{book, meta, operations, records};

/// All that a phone cannot decide by itself.
pub struct Surroundings {
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    /// For ids. A simulation gives each start of a phone another seed, or ids would come twice.
    pub rng: StdRng,
}

/// How much goes into one request. What `None` says is the server's choice.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Changes in one page of a pull.
    pub page: Option<u32>,
    /// Bytes of one page of a pull.
    pub page_bytes: Option<u32>,
    /// The kinds that this app holds; all without any.
    pub kinds: Vec<String>,
    /// Told with each push, so that a coordinator sees which phones want an update.
    pub app_version: Option<String>,
    /// Operations in one push.
    pub push_operations: usize,
    /// Bytes of one push.
    pub push_bytes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            page: None,
            page_bytes: None,
            kinds: Vec::new(),
            app_version: None,
            push_operations: 500,
            push_bytes: 4 << 20,
        }
    }
}

/// One user's phone: a file, and a server to meet the others at.
pub struct Phone {
    db: Db,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    rng: StdRng,
    pub settings: Settings,
}

/// What one round of sync did.
#[derive(Debug, Default)]
pub struct Synced {
    pub pushed: Vec<Settled>,
    pub pulled: Pulled,
    /// The server had been restored from a backup, and got back what it had lost.
    pub resynced: bool,
}

impl Phone {
    /// Opens the file, or makes it, for a server at `base_url` such as `https://qianshou.example`.
    pub fn open(path: &Path, base_url: &str) -> Result<Phone> {
        let surroundings = Surroundings {
            transport: Arc::new(Http::new(base_url)?),
            clock: Arc::new(DeviceClock),
            rng: rand::make_rng(),
        };
        Phone::open_in(path, surroundings)
    }

    /// Opens the file in other surroundings than the real ones. `:memory:` keeps nothing.
    pub fn open_in(path: &Path, surroundings: Surroundings) -> Result<Phone> {
        let mut phone = Phone {
            db: store::open(path)?,
            transport: surroundings.transport,
            clock: surroundings.clock,
            rng: surroundings.rng,
            settings: Settings::default(),
        };
        if meta::get::<Id>(&mut phone.db, meta::INSTALLATION)?.is_none() {
            let id = phone.new_id();
            meta::put(&mut phone.db, meta::INSTALLATION, &id)?;
        }
        phone.purge_expired()?;
        Ok(phone)
    }

    /// Made at the first start and kept: with it, the phone stays the same device through every enrolment.
    pub fn installation_id(&mut self) -> Result<Id> {
        meta::get(&mut self.db, meta::INSTALLATION)?
            .ok_or_else(|| Error::NotAsPromised("a file without an installation id".into()))
    }

    /// One round: push, so that work on records that the pull takes away still arrives; then pull.
    ///
    /// Whatever error comes, nothing is lost: call it again, after `Later` not before its time.
    pub async fn sync(&mut self) -> Result<Synced> {
        self.purge_expired()?;
        let mut done = Synced {
            pushed: self.push().await?,
            ..Synced::default()
        };
        done.pulled = match self.pull().await {
            // The queue holds again what the backup may lack: it goes first, as ever.
            Err(Error::ResyncRequired) => {
                done.resynced = true;
                done.pushed.extend(self.push().await?);
                self.pull().await?
            }
            pulled => pulled?,
        };
        let now = self.server_now()?;
        operations::forget_old(&mut self.db, now)?;
        book::forget_before(&mut self.db, now.plus(-401 * Moment::DAY))?;
        self.purge_expired()?;
        Ok(done)
    }

    /// Drops every record once the server's term for keeping them has passed without a pull. The queue stays.
    ///
    /// The cursor goes with them: it would bring only what changes from now on.
    pub fn purge_expired(&mut self) -> Result<bool> {
        let Some(keep_until) = self.keep_until()? else {
            return Ok(false);
        };
        if self.server_now()? < keep_until {
            return Ok(false);
        }
        self.db.immediate_transaction(|c| {
            records::drop_all(c)?;
            meta::start_over(c)?;
            meta::unset(c, meta::KEEP_UNTIL)?;
            Ok(true)
        })
    }

    /// By when the records go unless a pull succeeds before.
    pub fn keep_until(&mut self) -> Result<Option<Moment>> {
        meta::get(&mut self.db, meta::KEEP_UNTIL)
    }

    /// Where the next pull begins; without one, from the start.
    pub fn cursor(&mut self) -> Result<Option<String>> {
        meta::get(&mut self.db, meta::CURSOR)
    }

    /// The server's time as far as the phone can tell: its own clock may be a day off, or be set anew.
    fn server_now(&mut self) -> Result<Moment> {
        let ahead = meta::get::<i64>(&mut self.db, meta::SERVER_AHEAD)?.unwrap_or(0);
        Ok(self.clock.now().plus(ahead))
    }

    /// Learns how far the phone's clock is off, from an answer that tells the server's time.
    fn note_server_time(c: &mut Db, server: Moment, own: Moment) -> Result<()> {
        meta::put(c, meta::SERVER_AHEAD, &(server.0 - own.0))
    }

    /// A new id (UUID version 7), by the given clock and randomness.
    pub fn new_id(&mut self) -> Id {
        let mut random = [0; 10];
        self.rng.fill_bytes(&mut random);
        let millis = u64::try_from(self.clock.now().0).unwrap_or(0);
        Id(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}
