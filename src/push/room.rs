//! How many sends may be under way at once: a window that the provider's own answers open and close.
//!
//! Every answer on time opens it by one a window; a 429, a 5xx, a lost connection or a latency far above the
//! least one halves it. It halves once for all sends that set out before the provider could feel it. It is
//! never under one, and never over what the configuration allows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Smoothed latency above so many times the least one is trouble…
const FAR: f64 = 4.0;
/// …and above so many milliseconds more.
const AT_LEAST: f64 = 500.0;
/// The pace is taken over so many seconds at the least.
const MOMENT: f64 = 0.02;

pub struct Room {
    most: f64,
    state: Mutex<State>,
    /// Rung by each send that ends.
    ended: Notify,
}

struct State {
    window: f64,
    under_way: usize,
    /// Grows with each halving.
    epoch: u64,
    /// Sends that ended since `counted_at`, and how many a second there were lately.
    ended: u32,
    counted_at: Instant,
    rate: f64,
    /// Milliseconds: the least there were, forgotten slowly, and the smoothed ones.
    least: f64,
    usual: f64,
}

/// How a send went, for the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// The provider answered about the message.
    Well,
    /// Too much, too slow, or not at all.
    Badly,
    /// It says nothing about how much the provider can take.
    Aside,
}

/// One send under way; its place is free when this is dropped.
pub struct Place {
    room: Arc<Room>,
    epoch: u64,
}

impl Room {
    pub fn new(most: usize) -> Arc<Room> {
        Arc::new(Room {
            most: most.max(1) as f64,
            state: Mutex::new(State {
                window: most.max(1) as f64,
                under_way: 0,
                epoch: 0,
                ended: 0,
                counted_at: Instant::now(),
                rate: 0.0,
                least: f64::INFINITY,
                usual: 0.0,
            }),
            ended: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more may set out now.
    pub fn free(&self) -> usize {
        let state = self.state();
        (state.window as usize).saturating_sub(state.under_way)
    }
    pub fn window(&self) -> usize {
        self.state().window as usize
    }
    pub fn under_way(&self) -> usize {
        self.state().under_way
    }

    /// A place, if one is free.
    pub fn enter(self: &Arc<Room>) -> Option<Place> {
        let mut state = self.state();
        if state.under_way >= state.window as usize {
            return None;
        }
        state.under_way += 1;
        Some(Place {
            room: self.clone(),
            epoch: state.epoch,
        })
    }

    /// How many end within this at the pace of the last moments.
    pub fn within(&self, span: Duration) -> usize {
        let mut state = self.state();
        let since = state.counted_at.elapsed().as_secs_f64();
        if since >= MOMENT {
            let rate = f64::from(state.ended) / since;
            state.rate = (state.rate + rate) / 2.0;
            (state.ended, state.counted_at) = (0, Instant::now());
        }
        (state.rate * span.as_secs_f64()) as usize
    }

    /// Wakes whoever waits for an end.
    pub fn ring(&self) {
        self.ended.notify_waiters();
    }

    /// Resolves once some sends have ended, an eighth of all there is room for, or the last; listening begins when it
    /// is made and enabled.
    pub fn ended(&self) -> Notified<'_> {
        self.ended.notified()
    }

    /// Waits until nothing is under way.
    pub async fn empty(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended());
            ended.as_mut().enable();
            if self.under_way() == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl Place {
    /// What the provider's answer says of how much it can take.
    pub fn learn(&self, went: Went, took: Duration) {
        let mut state = self.room.state();
        let bad = match went {
            Went::Aside => return,
            Went::Badly => true,
            Went::Well => state.slow(took.as_secs_f64() * 1000.0),
        };
        if !bad {
            // A window that is not used says nothing about a wider one.
            if state.under_way as f64 * 2.0 >= state.window {
                state.window = (state.window + 1.0 / state.window).min(self.room.most);
            }
        } else if self.epoch == state.epoch {
            state.window = (state.window / 2.0).max(1.0);
            state.epoch += 1;
        }
    }
}

impl State {
    fn slow(&mut self, took: f64) -> bool {
        self.least = if self.least.is_finite() {
            took.min(self.least + (took - self.least) / 1024.0)
        } else {
            took
        };
        self.usual = if self.usual > 0.0 {
            self.usual + (took - self.usual) / 8.0
        } else {
            took
        };
        self.usual > FAR * self.least + AT_LEAST
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.under_way -= 1;
        state.ended = state.ended.saturating_add(1);
        let window = state.window as usize;
        let free = window.saturating_sub(state.under_way);
        let rings = state.under_way == 0 || free >= (window / 8).max(1);
        drop(state);
        // Whoever looks for more is not woken for each of thousands that end in a second.
        if rings {
            self.room.ring();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FAST: Duration = Duration::from_millis(20);

    #[test]
    fn trouble_halves_it_once_for_all_that_were_under_way() {
        let room = Room::new(64);
        let places: Vec<Place> = (0..64).map(|_| room.enter().unwrap()).collect();
        assert_eq!((room.free(), room.under_way()), (0, 64));
        places.iter().for_each(|p| p.learn(Went::Badly, FAST));
        assert_eq!(room.window(), 32);
        drop(places);
        assert_eq!(room.free(), 32);
        let next = room.enter().unwrap();
        next.learn(Went::Badly, FAST);
        assert_eq!(room.window(), 16, "one that set out later");
    }

    #[test]
    fn a_window_of_successes_opens_it_by_one() {
        let room = Room::new(64);
        for _ in 0..2 {
            room.enter().unwrap().learn(Went::Badly, FAST);
        }
        assert_eq!(room.window(), 16);
        let places: Vec<Place> = (0..16).map(|_| room.enter().unwrap()).collect();
        // 1/16 + … a little less each: seventeen make a whole one.
        for place in places.iter().chain(places.first()) {
            place.learn(Went::Well, FAST);
        }
        assert_eq!(room.window(), 17);
    }

    #[test]
    fn an_idle_window_does_not_grow() {
        let room = Room::new(64);
        room.enter().unwrap().learn(Went::Badly, FAST);
        for _ in 0..1000 {
            room.enter().unwrap().learn(Went::Well, FAST);
        }
        assert_eq!(room.window(), 32);
    }

    #[test]
    fn a_latency_far_above_the_least_halves_it() {
        let room = Room::new(64);
        for _ in 0..50 {
            room.enter().unwrap().learn(Went::Well, FAST);
        }
        room.enter()
            .unwrap()
            .learn(Went::Well, Duration::from_secs(2));
        assert_eq!(room.window(), 64, "one slow answer is nothing");
        for _ in 0..5 {
            room.enter()
                .unwrap()
                .learn(Went::Well, Duration::from_secs(2));
        }
        assert!(room.window() < 64);
    }

    proptest! {
        #[test]
        fn it_keeps_its_bounds(most in 1usize..200, steps in proptest::collection::vec(0u8..3, 0..400)) {
            let room = Room::new(most);
            let mut under_way = Vec::new();
            for step in steps {
                let Some(place) = room.enter() else {
                    under_way.clear();
                    continue;
                };
                match step {
                    0 => place.learn(Went::Badly, FAST),
                    1 => place.learn(Went::Well, FAST),
                    _ => place.learn(Went::Aside, FAST),
                }
                under_way.push(place);
                prop_assert!((1..=most).contains(&room.window()));
            }
        }
    }
}
