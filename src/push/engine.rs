//! The delivery engine: for each provider a loop that leases what is due, sends it, and notes what came of it.
//!
//! Nothing is sent inside a transaction. A batch is leased in one short write; its messages go out side by
//! side, as many at once as the provider takes well (`room`), as fast as it may be asked (`pace`); what became of
//! them is noted in batches as it comes (`noting`). After a kill the leases run out and another worker sends what
//! was under way: at least once, and at most twice what was in flight.
//!
//! It holds what is under way and what goes out within the next moment, and nothing more, whether ten thousand wait
//! or a million.

use actix_web::web;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::fate::fate;
use super::model::Lane;
use super::noting::{self, NOTED};
use super::pace::Pace;
use super::provider::{Attempt, Message, PATIENCE, Provider, Verdict};
use super::room::{Place, Room, Went};
use super::settle_store::{Ended, Outcome};
use super::store::{self, Found, Lease, Leased};
use crate::db::{Micros, Uid};
use crate::error::AppResult;
use crate::state::App;

/// Leased at once at the most.
const BATCH: usize = 500;
/// What goes out within this is leased ahead.
const AHEAD: Duration = Duration::from_millis(30);
/// Between two looks when nobody rings: what another process queued is found within this.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts a loop for each provider. They end, what they hold noted, when `stop` turns true.
pub fn start(
    app: &web::Data<App>,
    providers: Vec<Arc<dyn Provider>>,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    providers
        .into_iter()
        .map(|provider| {
            let per_second = app.config.push_per_second.get(&provider.name());
            let engine = Arc::new(Engine {
                app: app.clone(),
                room: Room::new(app.config.push_concurrency),
                pace: Pace::new(per_second.copied(), Instant::now()),
                provider,
                worker: Uid::new(app.clock.now()),
                accepted_at: AtomicI64::new(i64::MIN / 2),
                refused: AtomicBool::new(false),
                unnoted: AtomicBool::new(false),
                ahead: Mutex::default(),
                low: AtomicUsize::new(0),
                stop: stop.clone(),
            });
            tokio::spawn(engine.run())
        })
        .collect()
}

pub(super) struct Engine {
    pub(super) app: web::Data<App>,
    pub(super) provider: Arc<dyn Provider>,
    /// Under which leases are taken.
    pub(super) worker: Uid,
    /// When the provider last took a message.
    pub(super) accepted_at: AtomicI64,
    room: Arc<Room>,
    pace: Pace,
    /// The provider refused us since the last look: what is leased goes back unsent.
    refused: AtomicBool,
    /// Ends cannot be noted now: what is sent meanwhile would be sent again, so it waits.
    pub(super) unnoted: AtomicBool,
    /// Leased, and out as soon as a place is free: a look at the outbox costs the more the less it brings.
    ahead: Mutex<VecDeque<Held>>,
    /// More is looked for when so many of them are left.
    low: AtomicUsize,
    stop: watch::Receiver<bool>,
}

/// A lease, and until when a try by it may last: it ends before the lease does, or another worker would send the
/// same. By the machine's own running time, which goes on when somebody sets its clock.
struct Held {
    leased: Leased,
    until: Instant,
}

/// What was leased waits behind what is as urgent, and what is urgent before the rest.
fn queue(ahead: &mut VecDeque<Held>, due: impl Iterator<Item = Held>) {
    let urgent = |held: &Held| held.leased.lane == Lane::Urgent;
    let first = ahead.iter().take_while(|held| urgent(held)).count();
    let rest = ahead.split_off(first);
    let (now, later): (Vec<Held>, Vec<Held>) = due.partition(urgent);
    ahead.extend(now);
    ahead.extend(rest);
    ahead.extend(later);
}

/// What comes next.
enum Next {
    /// Look again at once.
    Look,
    /// All places are taken: when one is free.
    Room,
    /// When somebody rings, or after this long.
    Rest(Duration),
}

impl Engine {
    async fn run(self: Arc<Self>) {
        let (done, ended) = mpsc::channel::<Ended>(NOTED);
        let noting = tokio::spawn(noting::note(self.clone(), ended));
        while !self.stopping() {
            // Listening begins before looking: what is queued, and what ends meanwhile, rings.
            let bell = self.app.outbox.clone();
            let mut rung = std::pin::pin!(bell.notified());
            rung.as_mut().enable();
            let mut freed = std::pin::pin!(self.room.ended());
            freed.as_mut().enable();
            let next = self.step(&done).await;
            self.show();
            let mut stop = self.stop.clone();
            match next {
                Next::Look => {}
                Next::Room => tokio::select! {
                    () = freed => {}
                    () = tokio::time::sleep(PAUSE) => {}
                    _ = stop.changed() => {}
                },
                Next::Rest(pause) => tokio::select! {
                    () = rung => {}
                    () = tokio::time::sleep(pause) => {}
                    _ = stop.changed() => {}
                },
            }
        }
        // What did not set out is for the next worker; what is under way ends and is noted.
        let unsent = std::mem::take(&mut *self.ahead());
        for Held { leased, .. } in unsent {
            let outcome = Outcome::Released;
            drop(done.send(Ended { leased, outcome }).await);
        }
        self.room.empty().await;
        drop(done);
        if noting.await.is_err() {
            tracing::error!(provider = %self.provider.name(), "noting deliveries ended early");
        }
    }

    /// One look at the outbox, and out with what it finds.
    async fn step(self: &Arc<Self>, done: &mpsc::Sender<Ended>) -> Next {
        if let Some(left) = self.pace.held(self.app.clock.now()) {
            return Next::Rest(left.min(PAUSE));
        }
        if self.unnoted.load(Ordering::Relaxed) {
            return Next::Rest(noting::AGAIN);
        }
        let (allowed, wait) = self.pace.free(Instant::now());
        if allowed == 0 {
            return Next::Rest(wait.min(PAUSE));
        }
        self.set_out(done);
        // No more than goes out within a moment, so that what is more urgent is seen at the next look.
        let ahead = self.room.within(AHEAD).min(BATCH);
        let waiting = self.ahead().len();
        let free = self.room.free();
        self.low.store(ahead / 2, Ordering::Relaxed);
        if free == 0 && (ahead == 0 || waiting > ahead / 2) {
            return Next::Room;
        }
        let limit = (free + ahead).saturating_sub(waiting).min(allowed);
        let limit = limit.min(BATCH);
        if limit == 0 {
            return Next::Room;
        }
        let began = Instant::now();
        match self.look(limit as i64).await {
            Ok(Found::Due(due)) if due.is_empty() => Next::Rest(PAUSE),
            Ok(Found::Due(due)) => {
                self.refused.store(false, Ordering::Relaxed);
                self.pace.take(due.len());
                let until = began + self.lease() * 9 / 10;
                queue(
                    &mut self.ahead(),
                    due.into_iter().map(|leased| Held { leased, until }),
                );
                self.set_out(done);
                Next::Look
            }
            Ok(Found::Again) => Next::Look,
            Ok(Found::Stopped(until)) => {
                let left = until.0 - self.app.clock.now().0;
                Next::Rest(Duration::from_micros(left.max(0).unsigned_abs()).min(PAUSE))
            }
            Err(e) => {
                tracing::warn!(provider = %self.provider.name(), cause = ?e, "the outbox could not be read; again soon");
                Next::Rest(PAUSE)
            }
        }
    }

    fn ahead(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is leased goes out wherever a place is free.
    fn set_out(self: &Arc<Self>, done: &mpsc::Sender<Ended>) {
        while let Some((held, place)) = self.next() {
            tokio::spawn(self.clone().some(held, place, done.clone()));
        }
    }

    /// The next one and its place, if there is one for it.
    fn next(&self) -> Option<(Held, Place)> {
        let mut ahead = self.ahead();
        if ahead.is_empty() || self.unnoted.load(Ordering::Relaxed) {
            return None;
        }
        let place = self.room.enter()?;
        let held = ahead.pop_front()?;
        if ahead.len() == self.low.load(Ordering::Relaxed) {
            self.room.ring();
        }
        Some((held, place))
    }

    fn stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// How long a lease runs.
    pub(super) fn lease(&self) -> Duration {
        Duration::from_micros(self.app.config.push_lease_micros.unsigned_abs())
    }

    fn show(&self) {
        let held = self.pace.held(self.app.clock.now());
        self.app.metrics.push_room(
            self.provider.name().as_str(),
            self.room.window(),
            self.room.under_way(),
            held.map_or(0, |left| left.as_secs()),
        );
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
            house: self.app.config.push_house,
        };
        let leased = self.app.db.write_behind(move |c| store::lease(c, &lease));
        leased.await
    }

    /// One delivery after another, each from its lease to the note of its end, while there are any.
    async fn some(self: Arc<Self>, held: Held, place: Place, done: mpsc::Sender<Ended>) {
        let mut next = Some((held, place));
        while let Some((held, place)) = next {
            let outcome = self.outcome(&held, &place).await;
            let leased = held.leased;
            // The channel closes only after every sender is gone.
            drop(done.send(Ended { leased, outcome }).await);
            drop(place);
            next = self.next();
        }
    }

    async fn outcome(&self, held: &Held, place: &Place) -> Outcome {
        let (leased, now) = (&held.leased, self.app.clock.now());
        if leased.expires_at <= now {
            return Outcome::Expired;
        }
        let refused = self.refused.load(Ordering::Relaxed);
        if self.stopping() || refused || self.pace.held(now).is_some() {
            return Outcome::Released;
        }
        let Some(token) = self.token(leased) else {
            return Outcome::Suppressed("token_unreadable");
        };
        if let Some(why) = self.provider.withheld(&token) {
            return Outcome::Suppressed(why);
        }
        let began = Instant::now();
        let left = held.until.saturating_duration_since(began);
        if left.is_zero() {
            return Outcome::Released;
        }
        let patience = PATIENCE.min(left);
        let sending = self.provider.send(message(leased, token, now));
        let attempt = tokio::time::timeout(patience, sending)
            .await
            .unwrap_or_else(|_| Attempt::new(Verdict::Later(PATIENCE), "timeout"));
        let (at, took) = (self.app.clock.now(), began.elapsed());
        self.learn(&attempt, place, at, took);
        Outcome::Tried {
            fate: fate(
                attempt.verdict,
                leased.attempts,
                leased.expires_at,
                at,
                rand::random(),
            ),
            took_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            attempt,
            at,
        }
    }

    /// What an answer says beyond its message.
    fn learn(&self, attempt: &Attempt, place: &Place, at: Micros, took: Duration) {
        let went = match attempt.verdict {
            Verdict::Accepted => {
                self.accepted_at.store(at.0, Ordering::Relaxed);
                Went::Well
            }
            Verdict::DeadToken | Verdict::Malformed => Went::Well,
            Verdict::Later(wait) => {
                if attempt.holds_all {
                    self.pace.hold(at, wait);
                }
                match attempt.of_one {
                    true => Went::Aside,
                    false => Went::Badly,
                }
            }
            Verdict::NotAsked(_) => Went::Aside,
            Verdict::Refused => {
                self.refused.store(true, Ordering::Relaxed);
                Went::Aside
            }
        };
        place.learn(went, took);
        let provider = self.provider.name();
        self.app
            .metrics
            .push(provider.as_str(), attempt.verdict.word());
        tracing::debug!(%provider, code = attempt.code, status = attempt.status, "a push was tried");
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
}

fn message(leased: &Leased, token: String, now: Micros) -> Message {
    Message {
        id: leased.id,
        notification: leased.notification,
        kind: leased.kind,
        lane: leased.lane,
        attempts: leased.attempts,
        token,
        title: leased.title.clone(),
        unread: leased.unread,
        expires_at: leased.expires_at,
        now,
        reference: leased.reference.clone(),
    }
}
