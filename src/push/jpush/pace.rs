//! How often we may call, as JPush's `X-Rate-Limit-*` headers tell with every answer.
//!
//! What is left of the window is counted down by every call; when nothing is left a call waits for the next
//! window. While it waits it holds its place among the sends in flight, so that the engine leases no more than
//! goes out.

use reqwest::header::HeaderMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// No window of JPush is longer than minutes; whatever is said, this is long.
const MOST_WINDOW: u64 = 600;
/// A new window lasts so long until its first answer says better.
const USUAL: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
struct Window {
    /// Calls of a whole one.
    limit: i64,
    left: i64,
    until: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Pace {
    window: Mutex<Option<Window>>,
}

impl Pace {
    /// Takes a call out of the window; else how long until the next one.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut held = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is known before the first answer.
        let Some(window) = held.as_mut() else {
            return Ok(());
        };
        if window.until <= now {
            // The next one begins, whole, with this call.
            window.left = window.limit;
            window.until = now + USUAL;
        }
        if window.left <= 0 {
            return Err(window.until - now);
        }
        window.left -= 1;
        Ok(())
    }

    /// How long until a call would be taken.
    pub(super) fn closed_for(&self, now: Instant) -> Option<Duration> {
        let held = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        held.filter(|w| w.left <= 0 && w.until > now)
            .map(|w| w.until - now)
    }

    /// What an answer says is left.
    pub(super) fn heard(&self, headers: &HeaderMap, now: Instant) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let (Some(limit), Some(left), Some(reset)) = (
            number("x-rate-limit-limit"),
            number("x-rate-limit-remaining"),
            number("x-rate-limit-reset"),
        ) else {
            return;
        };
        let reset = reset.max(0).unsigned_abs().min(MOST_WINDOW);
        let told = Window {
            limit: limit.max(1),
            left,
            until: now + Duration::from_secs(reset),
        };
        let mut held = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(match *held {
            // Answers overtake each other, and calls are under way: within a window it only grows less.
            Some(known) if known.until > now => Window {
                left: known.left.min(told.left),
                ..told
            },
            _ => told,
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(left: &str, reset: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-rate-limit-limit", "4".parse().unwrap());
        headers.insert("x-rate-limit-remaining", left.parse().unwrap());
        headers.insert("x-rate-limit-reset", reset.parse().unwrap());
        headers
    }

    #[test]
    fn when_nothing_is_left_calls_wait_for_the_next_window() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.take(now), Ok(()), "nothing is known yet");
        pace.heard(&told("2", "30"), now);
        assert_eq!(pace.take(now), Ok(()));
        // An answer to an earlier call comes late.
        pace.heard(&told("3", "30"), now);
        assert_eq!(pace.take(now), Ok(()));
        assert_eq!(pace.take(now), Err(Duration::from_secs(30)));
        assert_eq!(pace.closed_for(now), Some(Duration::from_secs(30)));
        let next = now + Duration::from_secs(31);
        assert_eq!(pace.closed_for(next), None);
        // The next window is whole, and no more than that.
        for _ in 0..4 {
            assert_eq!(pace.take(next), Ok(()));
        }
        assert!(pace.take(next).is_err());
        // Its first answer counts one call of the four that are under way, and says when it ends.
        pace.heard(&told("3", "10"), next);
        assert_eq!(pace.take(next), Err(Duration::from_secs(10)));
    }

    #[test]
    fn what_is_no_number_says_nothing() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.heard(&told("none", "30"), now);
        assert_eq!(pace.take(now), Ok(()));
    }
}
