//! Pushes of one user take turns before they take a connection.

use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

use crate::auth::Who;
use crate::error::{AppError, AppResult, Code};

/// So many that two users seldom share one, which costs them no more than a wait.
const LANES: usize = 1024;
/// A push of 500 operations takes well under a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// A phone that gave up a request and repeats it would otherwise wait for its own first one with a writer in its
/// hand: on PostgreSQL eight such requests stop all writing. Other processes are met at the database's lock.
pub struct Turns {
    lanes: Vec<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns {
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Turns {
    /// Waits for the user's turn, which lasts until what this answers is dropped.
    pub async fn take(&self, who: &Who) -> AppResult<MutexGuard<'_, ()>> {
        let (_, low) = who.user.0.as_u64_pair();
        let lane = &self.lanes[low as usize % LANES];
        tokio::time::timeout(PATIENCE, lane.lock())
            .await
            .map_err(|_| AppError::later(Code::Overloaded, 5))
    }
}
