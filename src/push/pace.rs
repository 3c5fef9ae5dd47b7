//! How fast a provider is asked: so many sends a second at the most, and none while it asks for a pause.
//!
//! Both are this process's own. The pause goes by the service's clock, as everything that is stored does; it is never
//! longer than was asked for, whoever sets that clock back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::db::Micros;

/// However long a provider asks for, it is asked again after this.
const LONGEST: i64 = Micros::HOUR;
/// What may go out at once after a while of nothing: this part of a second's worth.
const BURST: f64 = 0.1;

pub struct Pace {
    /// Sends a second; nothing, where there is no limit.
    per_second: Option<f64>,
    bucket: Mutex<Bucket>,
    pause: Mutex<Option<Pause>>,
}

#[derive(Clone, Copy)]
struct Pause {
    /// Not before this instant…
    until: Micros,
    /// …which lay so far ahead when it was asked for.
    asked: i64,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Pace {
    pub fn new(per_second: Option<u32>, now: Instant) -> Pace {
        let per_second = per_second.map(f64::from);
        Pace {
            per_second,
            bucket: Mutex::new(Bucket {
                tokens: per_second.map_or(0.0, burst),
                at: now,
            }),
            pause: Mutex::new(None),
        }
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many may go out now, and how long it is until one may.
    pub fn free(&self, now: Instant) -> (usize, Duration) {
        let Some(rate) = self.per_second else {
            return (usize::MAX, Duration::ZERO);
        };
        let mut bucket = self.bucket();
        let since = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * rate).min(burst(rate));
        bucket.at = now;
        let missing = (1.0 - bucket.tokens).max(0.0) / rate;
        (
            bucket.tokens.max(0.0) as usize,
            Duration::from_secs_f64(missing),
        )
    }

    /// So many are on their way.
    pub fn take(&self, sent: usize) {
        if self.per_second.is_some() {
            self.bucket().tokens -= sent as f64;
        }
    }

    /// The provider asks all of us to wait so long. What was asked for before is not shortened.
    pub fn hold(&self, now: Micros, wait: Duration) {
        let wait = i64::try_from(wait.as_micros()).unwrap_or(LONGEST);
        let asked = wait.min(LONGEST);
        let until = now.plus(asked);
        let mut pause = self.pause();
        if pause.is_none_or(|held| left(held, now) < asked) {
            *pause = Some(Pause { until, asked });
        }
    }

    /// How long it is to be left alone from now.
    pub fn held(&self, now: Micros) -> Option<Duration> {
        let mut pause = self.pause();
        let held = pause.as_mut()?;
        if held.until.0 - now.0 > held.asked {
            // The clock that it was measured by was ahead.
            held.until = now.plus(held.asked);
        }
        let left = left(*held, now);
        (left > 0).then(|| Duration::from_micros(left.unsigned_abs()))
    }
}

fn left(pause: Pause, now: Micros) -> i64 {
    (pause.until.0 - now.0).min(pause.asked)
}

fn burst(rate: f64) -> f64 {
    (rate * BURST).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_its_share_and_a_burst() {
        let begun = Instant::now();
        let pace = Pace::new(Some(100), begun);
        let mut sent = 0;
        for ms in 0..2_000 {
            let (free, _) = pace.free(begun + Duration::from_millis(ms));
            pace.take(free);
            sent += free;
        }
        assert!((200..=210).contains(&sent), "{sent}");
    }

    #[test]
    fn it_says_when_the_next_one_may_go() {
        let begun = Instant::now();
        let pace = Pace::new(Some(2), begun);
        assert_eq!(pace.free(begun).0, 1);
        pace.take(1);
        assert_eq!(pace.free(begun), (0, Duration::from_millis(500)));
        assert_eq!(pace.free(begun + Duration::from_millis(500)).0, 1);
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let pace = Pace::new(None, Instant::now());
        pace.take(1_000_000);
        assert_eq!(pace.free(Instant::now()).0, usize::MAX);
    }

    #[test]
    fn a_pause_is_kept_and_has_an_end() {
        let pace = Pace::new(None, Instant::now());
        let now = Micros(Micros::DAY);
        assert_eq!(pace.held(now), None);
        pace.hold(now, Duration::from_secs(120));
        pace.hold(now, Duration::from_secs(30));
        assert_eq!(pace.held(now), Some(Duration::from_secs(120)));
        assert_eq!(pace.held(now.plus(120 * Micros::SECOND)), None);
        pace.hold(now, Duration::from_secs(86_400));
        assert_eq!(pace.held(now), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn a_pause_is_no_longer_than_was_asked_for_when_the_clock_is_set_back() {
        let pace = Pace::new(None, Instant::now());
        let (now, fast) = (Micros(Micros::DAY), Micros(Micros::DAY + Micros::HOUR));
        pace.hold(fast, Duration::from_secs(30));
        assert_eq!(pace.held(now), Some(Duration::from_secs(30)));
        assert_eq!(pace.held(now.plus(31 * Micros::SECOND)), None);
        // Another one asked for by the right clock is not lost behind it.
        pace.hold(fast, Duration::from_secs(30));
        pace.hold(now, Duration::from_secs(60));
        assert_eq!(pace.held(now), Some(Duration::from_secs(60)));
    }
}
