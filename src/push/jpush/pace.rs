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

#[derive(Debug, Clone, Copy)]
struct Window {
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
        match held.as_mut() {
            Some(window) if window.until <= now => *held = None,
            Some(window) if window.left <= 0 => return Err(window.until - now),
            Some(window) => window.left -= 1,
            // Nothing is known before the first answer.
            None => {}
        }
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
        let (Some(left), Some(reset)) = (
            number("x-rate-limit-remaining"),
            number("x-rate-limit-reset"),
        ) else {
            return;
        };
        let reset = reset.max(0).unsigned_abs().min(MOST_WINDOW);
        let told = Window {
            left,
            until: now + Duration::from_secs(reset),
        };
        let mut held = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(match *held {
            // Answers overtake each other, and calls are under way: within a window it only grows less.
            Some(known) if known.until > now => Window {
                left: known.left.min(told.left),
                until: told.until,
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
        assert_eq!(pace.take(next), Ok(()));
        assert_eq!(pace.closed_for(next), None);
    }

    #[test]
    fn what_is_no_number_says_nothing() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.heard(&told("none", "30"), now);
        assert_eq!(pace.take(now), Ok(()));
    }
}
