//! Pushes wait for their turn before they take a connection.
//!
//! One user's pushes come one after the other: a phone that gave up a request and repeats it would otherwise
//! wait for its own first one with a writer in its hand. And all pushes together leave writers free: a morning
//! on which every phone comes back with its queue must not keep anybody from registering somebody at a desk.

use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::auth::Who;
use crate::error::{AppError, AppResult, Code};

/// So many that two users seldom share one, which costs them no more than a wait.
const LANES: usize = 1024;
/// How long a push may wait in all. One of 500 operations takes well under a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pieces at once on SQLite, where they share a commit: more of them make it no faster.
const TOGETHER: usize = 32;

pub struct Turns {
    lanes: Vec<Mutex<()>>,
    /// Pieces that may be with the writers.
    room: Semaphore,
}

/// A user's turn; it ends when this is dropped.
pub struct Turn<'a> {
    _lane: MutexGuard<'a, ()>,
    room: &'a Semaphore,
    until: Instant,
}

impl Turns {
    /// `writers`: the connections that write, where there are several.
    pub fn new(writers: Option<usize>) -> Turns {
        let room = writers.map_or(TOGETHER, |writers| (writers * 3 / 4).max(1));
        Turns {
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
            room: Semaphore::new(room),
        }
    }

    pub async fn take(&self, who: &Who) -> AppResult<Turn<'_>> {
        let until = Instant::now() + PATIENCE;
        let (_, low) = who.user.0.as_u64_pair();
        let lane = &self.lanes[low as usize % LANES];
        let lane = timeout_at(until, lane.lock()).await;
        Ok(Turn {
            _lane: lane.map_err(|_| too_busy())?,
            room: &self.room,
            until,
        })
    }
}

impl Turn<'_> {
    /// Waits until one more piece may be written.
    pub async fn piece(&self) -> AppResult<SemaphorePermit<'_>> {
        let room = timeout_at(self.until, self.room.acquire()).await;
        room.map_err(|_| too_busy())?.map_err(AppError::internal)
    }
}

fn too_busy() -> AppError {
    AppError::later(Code::Overloaded, 5 + rand::random_range(0..10))
}
