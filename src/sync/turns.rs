//! Pushes wait for their turn before they take a connection.
//!
//! One user's pushes come one after the other: a phone that gave up a request and repeats it would otherwise
//! wait for its own first one with a writer in its hand. And all pushes together leave writers free: a morning
//! on which every phone comes back with its queue must not keep anybody from registering somebody at a desk.
//! First come, first finished: who has a turn keeps it to the push's end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::auth::Who;
use crate::error::{AppError, AppResult, Code};

/// So many that two users seldom share one, which costs them no more than a wait.
const LANES: usize = 1024;
/// How long a push may wait. One of 500 operations takes well under a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pushes at once on SQLite, where they share commits: more of them make it no faster.
const TOGETHER: usize = 32;

pub struct Turns {
    lanes: Vec<Arc<Mutex<()>>>,
    /// Pushes that may be with the writers.
    room: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Pushes that may wait, each with its body in memory; the next one is refused at once.
    most: usize,
}

/// A user's turn; it ends when nobody holds this any more. Whoever writes for the push holds it, too: a request
/// may be given up while its write goes on.
pub struct Turn {
    _lane: OwnedMutexGuard<()>,
    _room: OwnedSemaphorePermit,
}

/// Counts somebody who waits, however the waiting ends.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Turns {
    /// `writers`: the connections that write, where there are several.
    pub fn new(writers: Option<usize>, most: usize) -> Turns {
        let room = writers.map_or(TOGETHER, |writers| (writers * 3 / 4).max(1));
        Turns {
            lanes: (0..LANES).map(|_| Arc::default()).collect(),
            room: Arc::new(Semaphore::new(room)),
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    pub async fn take(&self, who: &Who) -> AppResult<Arc<Turn>> {
        let counted = Counted(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(too_busy());
        }
        let until = Instant::now() + PATIENCE;
        let (_, low) = who.user.0.as_u64_pair();
        let lane = self.lanes[low as usize % LANES].clone();
        let lane = timeout_at(until, lane.lock_owned()).await;
        let lane = lane.map_err(|_| too_busy())?;
        let room = timeout_at(until, self.room.clone().acquire_owned()).await;
        let room = room.map_err(|_| too_busy())?.map_err(AppError::internal)?;
        drop(counted);
        Ok(Arc::new(Turn {
            _lane: lane,
            _room: room,
        }))
    }
}

fn too_busy() -> AppError {
    AppError::later(Code::Overloaded, 5 + rand::random_range(0..10))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::rights::{By, Rights};
    use crate::db::{Micros, Uid};

    fn somebody(n: u128) -> Who {
        Who {
            by: By::Account,
            user: Uid(uuid::Uuid::from_u128(n)),
            session: Uid::NIL,
            device: None,
            at: Micros(0),
            request_id: Arc::from(""),
            rights: Arc::new(Rights::none()),
        }
    }

    async fn has_none(turns: &Turns, who: &Who) -> bool {
        let soon = Duration::from_millis(20);
        tokio::time::timeout(soon, turns.take(who)).await.is_err()
    }

    #[actix_web::test]
    async fn one_user_comes_after_oneself_and_all_together_after_the_room() {
        let turns = Turns::new(Some(4), 100);
        let [one, two, three, four] = [1, 2, 3, 4].map(somebody);
        let first = turns.take(&one).await.unwrap();
        assert!(has_none(&turns, &one).await);
        let _second = turns.take(&two).await.unwrap();
        let third = turns.take(&three).await.unwrap();
        // One of four writers is everybody's.
        assert!(has_none(&turns, &four).await);
        // A write that goes on after its request was given up keeps the turn.
        let write = third.clone();
        drop(third);
        assert!(has_none(&turns, &four).await);
        drop(write);
        let _fourth = turns.take(&four).await.unwrap();
        drop(first);
        turns.take(&one).await.unwrap();
    }

    #[actix_web::test]
    async fn no_more_wait_than_may() {
        let turns = Turns::new(Some(1), 2);
        let [one, two, three] = [1, 2, 3].map(somebody);
        let held = turns.take(&one).await.unwrap();
        let (second, third) = (turns.take(&two), turns.take(&three));
        let late = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let refused = turns.take(&one).await.map(drop).unwrap_err();
            drop(held);
            refused.code()
        };
        let (second, third, late) = futures_util::future::join3(
            async { second.await.map(drop) },
            async { third.await.map(drop) },
            late,
        )
        .await;
        assert!(second.is_ok() && third.is_ok());
        assert_eq!(late, Code::Overloaded);
        turns.take(&one).await.unwrap();
    }
}
