//! The delivery engine: for each provider a loop that leases what is due, sends it, and notes what came of it.
//!
//! Nothing is sent inside a transaction. A batch is leased in one short write; its messages go out side by
//! side, as many at once as the configuration allows; what became of them is noted in batches as it comes.
//! After a kill the leases run out and another worker sends what was under way: at least once, and at most
//! twice what was in flight.

use actix_web::web;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::fate::fate;
use super::model::Lane;
use super::provider::{Attempt, Message, PATIENCE, Provider, Verdict};
use super::settle_store::{Ended, Outcome, settle};
use super::store::{self, Found, Lease, Leased};
use crate::db::{Micros, Uid};
use crate::error::AppResult;
use crate::state::App;

/// Leased at once at the most.
const BATCH: usize = 500;
/// Noted in one write at the most.
const NOTED: usize = 200;
/// Between two looks when nobody rings: what another process queued is found within this.
const PAUSE: Duration = Duration::from_secs(1);
/// A malformed message says something about its token when the provider took others within this.
const LATELY: i64 = 10 * Micros::MINUTE;
/// Waiting on a full database.
const AGAIN: Duration = Duration::from_millis(300);

/// Starts a loop for each provider. They end, what they hold noted, when `stop` turns true.
pub fn start(
    app: &web::Data<App>,
    providers: Vec<Arc<dyn Provider>>,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    providers
        .into_iter()
        .map(|provider| {
            let engine = Arc::new(Engine {
                app: app.clone(),
                provider,
                worker: Uid::new(app.clock.now()),
                accepted_at: AtomicI64::new(i64::MIN / 2),
                refused: AtomicBool::new(false),
                stop: stop.clone(),
            });
            tokio::spawn(engine.run())
        })
        .collect()
}

struct Engine {
    app: web::Data<App>,
    provider: Arc<dyn Provider>,
    /// Under which leases are taken.
    worker: Uid,
    /// When the provider last took a message.
    accepted_at: AtomicI64,
    /// The provider refused us since the last look: what is leased goes back unsent.
    refused: AtomicBool,
    stop: watch::Receiver<bool>,
}

impl Engine {
    async fn run(self: Arc<Self>) {
        let (done, ended) = mpsc::channel::<Ended>(NOTED);
        let noting = tokio::spawn(self.clone().note(ended));
        let most = self.app.config.push_concurrency;
        let free = Arc::new(Semaphore::new(most));
        while !self.stopping() {
            // Listening begins before looking: what is queued meanwhile rings.
            let bell = self.app.outbox.clone();
            let mut rung = std::pin::pin!(bell.notified());
            rung.as_mut().enable();
            // Never more than can go out at once, so that what is more urgent is seen at the next look.
            let room = free.available_permits().min(BATCH);
            let found = match room {
                0 => Ok(Found::Due(Vec::new())),
                room => self.look(room as i64).await,
            };
            let pause = match found {
                Ok(Found::Due(due)) if !due.is_empty() => {
                    self.refused.store(false, Ordering::Relaxed);
                    for leased in due {
                        let Ok(permit) = free.clone().acquire_owned().await else {
                            return;
                        };
                        tokio::spawn(self.clone().one(leased, done.clone(), permit));
                    }
                    continue;
                }
                // All are under way: the first that ends makes room.
                Ok(Found::Due(_)) if room == 0 => {
                    drop(free.acquire().await);
                    continue;
                }
                Ok(Found::Due(_)) => PAUSE,
                Ok(Found::Stopped(until)) => {
                    let left = until.0 - self.app.clock.now().0;
                    Duration::from_micros(left.max(0).unsigned_abs()).min(PAUSE)
                }
                Err(e) => {
                    tracing::warn!(provider = %self.provider.name(), cause = ?e, "the outbox could not be read; again soon");
                    PAUSE
                }
            };
            let mut stop = self.stop.clone();
            tokio::select! {
                () = rung => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
        // What is under way ends and is noted.
        drop(
            free.acquire_many(u32::try_from(most).unwrap_or(u32::MAX))
                .await,
        );
        drop(done);
        if noting.await.is_err() {
            tracing::error!(provider = %self.provider.name(), "noting deliveries ended early");
        }
    }

    fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Leases what is due now, as many as there is room for.
    async fn look(&self, limit: i64) -> AppResult<Found> {
        let now = self.app.clock.now();
        let lease = Lease {
            provider: self.provider.name(),
            worker: self.worker,
            now,
            until: now.plus(self.app.config.push_lease_micros),
            limit,
        };
        self.app.db.write(move |c| store::lease(c, &lease)).await
    }

    /// One delivery from its lease to the note of its end.
    async fn one(
        self: Arc<Self>,
        leased: Leased,
        done: mpsc::Sender<Ended>,
        permit: OwnedSemaphorePermit,
    ) {
        let outcome = self.outcome(&leased).await;
        // The channel closes only after every sender is gone.
        drop(done.send(Ended { leased, outcome }).await);
        drop(permit);
    }

    async fn outcome(&self, leased: &Leased) -> Outcome {
        let now = self.app.clock.now();
        if let Some(why) = leased.moot {
            return Outcome::Suppressed(why);
        }
        if leased.expires_at <= now {
            return Outcome::Expired;
        }
        if self.stopping() || self.refused.load(Ordering::Relaxed) {
            return Outcome::Released;
        }
        let Some(token) = self.token(leased) else {
            return Outcome::Suppressed("token_unreadable");
        };
        if let Some(why) = self.provider.withheld(&token) {
            return Outcome::Suppressed(why);
        }
        let began = Instant::now();
        // A try ends before its lease does, or another worker would send the same.
        let room = (leased.lease_until.0 - now.0).max(0) * 9 / 10;
        let patience = PATIENCE.min(Duration::from_micros(room.unsigned_abs()));
        let sending = self.provider.send(message(leased, token, now));
        let attempt = tokio::time::timeout(patience, sending)
            .await
            .unwrap_or_else(|_| Attempt::new(Verdict::Later(PATIENCE), "timeout"));
        let at = self.app.clock.now();
        match attempt.verdict {
            Verdict::Accepted => self.accepted_at.store(at.0, Ordering::Relaxed),
            Verdict::Refused => self.refused.store(true, Ordering::Relaxed),
            Verdict::DeadToken | Verdict::Malformed | Verdict::Later(_) => {}
        }
        self.count(&attempt);
        Outcome::Tried {
            fate: fate(
                attempt.verdict,
                leased.attempts,
                leased.expires_at,
                at,
                rand::random(),
            ),
            took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            attempt,
            at,
        }
    }

    fn token(&self, leased: &Leased) -> Option<String> {
        let sealed = leased.token.as_ref()?;
        let opened = self
            .app
            .vault
            .open_sealed("devices.push_token", leased.device.0, sealed);
        if opened.is_err() {
            tracing::error!(device = %leased.device, "a push token cannot be opened: is a key missing?");
        }
        opened.ok()
    }

    fn count(&self, attempt: &Attempt) {
        let provider = self.provider.name();
        self.app
            .metrics
            .push(provider.as_str(), attempt.verdict.word());
        tracing::debug!(%provider, code = attempt.code, status = attempt.status, "a push was tried");
    }

    /// Notes ends as they come, many in one write.
    async fn note(self: Arc<Self>, mut ended: mpsc::Receiver<Ended>) {
        let mut batch = Vec::with_capacity(NOTED);
        while ended.recv_many(&mut batch, NOTED).await > 0 {
            let noted: Arc<[Ended]> = std::mem::take(&mut batch).into();
            // What a provider took is not forgotten because the database is busy for a moment. Where it
            // stays away past the lease, another try is made: at least once.
            let lease = Duration::from_micros(self.app.config.push_lease_micros.unsigned_abs());
            let until = Instant::now() + lease;
            while let Err(e) = self.settle(noted.clone()).await {
                if Instant::now() > until {
                    tracing::error!(lost = noted.len(), cause = ?e, "ends of deliveries could not be noted");
                    break;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn settle(&self, noted: Arc<[Ended]>) -> AppResult<()> {
        let now = self.app.clock.now();
        let others_pass = now.0 - self.accepted_at.load(Ordering::Relaxed) < LATELY;
        let provider = self.provider.name();
        let lost = self
            .app
            .db
            .write(move |c| settle(c, provider, &noted, others_pass, now))
            .await?;
        if lost > 0 {
            tracing::warn!(%provider, lost, "leases had run out before their deliveries ended; some may arrive twice");
        }
        Ok(())
    }
}

fn message(leased: &Leased, token: String, now: Micros) -> Message {
    let lane = Lane::ALL
        .into_iter()
        .find(|l| l.ordinal() == leased.lane)
        .unwrap_or(Lane::Campaign);
    Message {
        id: leased.id,
        notification: leased.notification,
        kind: leased.kind,
        lane,
        token,
        title: leased.title.clone(),
        unread: leased.unread,
        expires_at: leased.expires_at,
        now,
        reference: leased.reference.clone(),
    }
}
