//! Waits that a clock measured which was ahead.
//!
//! What waits in the outbox waits until an instant. When a machine's clock was an hour ahead and is put right, or the
//! machine died and others go on, that instant lies an hour further off than anybody meant: leases, second tries and
//! what was queued meanwhile would stand still for so long. Each row tells when it was written, so that one written
//! in the future is known by that, and waits again from now as long as it was to wait then.
//!
//! Looked for when this process's clock went back against its own running time, and now and then for the others'.

use actix_web::web;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ahead_store::{SLACK, put_right, written_ahead};
use crate::db::Micros;
use crate::error::AppResult;
use crate::state::App;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(1);
/// A search for what others' clocks left behind, at the soonest.
const PAUSE: Duration = Duration::from_secs(60);
/// Of the time that it takes, so much again is rest: it grows with what waits.
const REST: u32 = 100;

/// Looks until `stop` turns true.
pub fn watch(app: &web::Data<App>, stop: &watch::Receiver<bool>) -> JoinHandle<()> {
    let (app, mut stop) = (app.clone(), stop.clone());
    actix_web::rt::spawn(async move {
        let mut seen = Seen::now(&app);
        let mut due = Instant::now();
        while !*stop.borrow() {
            let before = std::mem::replace(&mut seen, Seen::now(&app));
            if seen.went_back_since(&before) {
                tracing::warn!("this machine's clock went back; what waits by it is put right");
                due = Instant::now();
            }
            if due <= Instant::now() {
                let began = Instant::now();
                due = match search(&app).await {
                    Ok(()) => began + (began.elapsed() * REST).max(PAUSE),
                    Err(e) => {
                        tracing::warn!(cause = ?e, "what waits by a clock that was ahead could not be looked for; again soon");
                        began + TICK
                    }
                };
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stop.changed() => {}
            }
        }
    })
}

/// Finds all of it and puts it right, some at a time.
pub async fn search(app: &App) -> AppResult<()> {
    loop {
        let now = app.clock.now();
        let found = app.db.read(move |c| written_ahead(c, now)).await?;
        if found.is_empty() {
            return Ok(());
        }
        let found = std::sync::Arc::new(found);
        let some = found.clone();
        let right = app
            .db
            .write_behind(move |c| put_right(c, &some, now))
            .await?;
        tracing::warn!(pushes = right, "pushes waited by a clock that was ahead");
        app.outbox.notify_waiters();
        if right == 0 {
            // Whoever wrote them has moved on with them.
            return Ok(());
        }
    }
}

/// Both clocks at one instant.
struct Seen {
    wall: Micros,
    running: Instant,
}

impl Seen {
    fn now(app: &App) -> Seen {
        Seen {
            wall: app.clock.now(),
            running: Instant::now(),
        }
    }

    fn went_back_since(&self, before: &Seen) -> bool {
        let ran = self.running.saturating_duration_since(before.running);
        let ran = i64::try_from(ran.as_micros()).unwrap_or(i64::MAX);
        self.wall.0 - before.wall.0 < ran.saturating_sub(SLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_one_that_is_corrected_a_little_is_not() {
        let begun = Instant::now();
        let seen = |wall: i64, ran: u64| Seen {
            wall: Micros(Micros::DAY + wall * Micros::SECOND),
            running: begun + Duration::from_secs(ran),
        };
        let before = seen(0, 0);
        assert!(!seen(1, 1).went_back_since(&before));
        assert!(
            !seen(-5, 1).went_back_since(&before),
            "it was a little ahead"
        );
        assert!(seen(-3600, 1).went_back_since(&before));
        assert!(!seen(3601, 1).went_back_since(&before), "that is forward");
        // A process that slept, as a laptop does, has run less than time has passed.
        assert!(!seen(600, 1).went_back_since(&before));
    }
}
