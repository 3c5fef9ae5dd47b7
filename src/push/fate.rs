//! What becomes of a delivery after a try: decided here, stored elsewhere.

use std::time::Duration;

use super::model::DeliveryState;
use super::provider::Verdict;
use crate::db::Micros;

/// Tries after which a delivery is set aside as a dead letter. An outage of some hours must not come to that:
/// what is still worth sending then is sent, and `expires_at` is the end that counts.
pub const MOST_TRIES: i64 = 50;
/// Grows by two from the first to the last try…
const BASE: i64 = 2 * Micros::SECOND;
/// …to this.
const CAP: i64 = 15 * Micros::MINUTE;

/// Where a delivery stands after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub state: DeliveryState,
    /// Tries so far. One in which we were refused does not count against the message.
    pub attempts: i64,
    /// For `retry`: not before this.
    pub next_at: Micros,
}

/// Decides from the verdict of a try, the tries before it and the end of its worth; `luck` is in `0.0..1.0`.
pub fn fate(verdict: Verdict, before: i64, expires_at: Micros, now: Micros, luck: f64) -> Fate {
    let after = before + 1;
    let end = |state| Fate {
        state,
        attempts: after,
        next_at: now,
    };
    let again = |attempts: i64, wait: i64| {
        let next_at = now.plus(wait);
        if next_at >= expires_at {
            return Fate {
                attempts,
                ..end(DeliveryState::Expired)
            };
        }
        Fate {
            state: DeliveryState::Retry,
            attempts,
            next_at,
        }
    };
    match verdict {
        Verdict::Accepted => end(DeliveryState::Accepted),
        Verdict::DeadToken => end(DeliveryState::DeadToken),
        Verdict::Malformed => end(DeliveryState::DeadLetter),
        Verdict::Later(_) if after >= MOST_TRIES => end(DeliveryState::DeadLetter),
        Verdict::Later(least) => again(after, backoff(before, least, luck)),
        // It waits for the provider's gate, not for itself.
        Verdict::Refused => again(before, jitter(luck, Micros::SECOND)),
        Verdict::NotAsked(least) => again(before, backoff(0, least, luck)),
    }
}

/// Full jitter on top of what the provider asked for, so that those refused together do not return together.
fn backoff(before: i64, least: Duration, luck: f64) -> i64 {
    let doubled = BASE.saturating_mul(1 << before.clamp(0, 20));
    let least = i64::try_from(least.as_micros()).unwrap_or(CAP);
    least.saturating_add(jitter(luck, doubled.min(CAP)))
}

fn jitter(luck: f64, most: i64) -> i64 {
    (luck.clamp(0.0, 1.0) * most as f64) as i64
}

/// Who refuses us is left alone for no longer than this at once.
const LONGEST_PAUSE: i64 = 15 * Micros::MINUTE;

/// How long a provider that refuses us is left alone: a minute, then as long again as it has been, at most
/// a quarter of an hour.
pub fn pause(stopped_since: Option<Micros>, now: Micros) -> i64 {
    let been = stopped_since.map_or(0, |since| now.0 - since.0);
    been.clamp(Micros::MINUTE, LONGEST_PAUSE)
}

/// Whether a pause until then goes on. One that lies further ahead than any does was measured by a clock that was
/// ahead, and is over.
pub fn pauses(until: Micros, now: Micros) -> bool {
    (1..=LONGEST_PAUSE).contains(&(until.0 - now.0))
}

/// Where a delivery stands whose try failed for a token that is no longer its phone's: the one that has replaced it
/// meanwhile is asked at once. Nothing, where that would be one try too many, or too late.
pub fn with_new_token(attempts: i64, expires_at: Micros, now: Micros) -> Option<Fate> {
    (attempts < MOST_TRIES && expires_at > now).then_some(Fate {
        state: DeliveryState::Retry,
        attempts,
        next_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Micros = Micros(Micros::DAY);

    #[test]
    fn ends_are_ends_and_count_the_try() {
        for (verdict, state) in [
            (Verdict::Accepted, DeliveryState::Accepted),
            (Verdict::DeadToken, DeliveryState::DeadToken),
            (Verdict::Malformed, DeliveryState::DeadLetter),
        ] {
            let found = fate(verdict, 3, DAY, Micros(0), 0.5);
            assert_eq!((found.state, found.attempts), (state, 4));
        }
    }

    #[test]
    fn what_may_succeed_later_is_tried_so_often_and_no_more() {
        let later = Verdict::Later(Duration::from_secs(10));
        for before in 0..MOST_TRIES - 1 {
            let found = fate(later, before, DAY, Micros(0), 1.0);
            assert_eq!(
                (found.state, found.attempts),
                (DeliveryState::Retry, before + 1)
            );
        }
        let last = fate(later, MOST_TRIES - 1, DAY, Micros(0), 0.0);
        assert_eq!(last.state, DeliveryState::DeadLetter);
    }

    #[test]
    fn a_try_that_would_come_too_late_is_the_last() {
        let later = Verdict::Later(Duration::from_secs(60));
        let found = fate(later, 0, Micros(60 * Micros::SECOND), Micros(0), 0.0);
        assert_eq!(found.state, DeliveryState::Expired);
    }

    #[test]
    fn being_refused_costs_the_message_nothing() {
        let found = fate(Verdict::Refused, MOST_TRIES - 1, DAY, Micros(0), 0.0);
        assert_eq!(
            (found.state, found.attempts),
            (DeliveryState::Retry, MOST_TRIES - 1)
        );
    }

    #[test]
    fn a_provider_that_refuses_is_asked_less_and_less_often() {
        assert_eq!(pause(None, Micros(0)), Micros::MINUTE);
        assert_eq!(
            pause(Some(Micros(0)), Micros(4 * Micros::MINUTE)),
            4 * Micros::MINUTE
        );
        assert_eq!(pause(Some(Micros(0)), DAY), 15 * Micros::MINUTE);
    }

    #[test]
    fn a_pause_that_lies_too_far_ahead_is_none() {
        let at = |minutes: i64| DAY.plus(minutes * Micros::MINUTE);
        assert!(pauses(at(1), DAY) && pauses(at(15), DAY));
        assert!(!pauses(DAY, DAY) && !pauses(at(-1), DAY));
        assert!(!pauses(at(61), DAY), "a clock was an hour ahead");
    }

    #[test]
    fn a_replaced_token_costs_a_try_and_no_wait() {
        let found = with_new_token(3, DAY, Micros(5)).map(|f| (f.state, f.attempts, f.next_at));
        assert_eq!(found, Some((DeliveryState::Retry, 3, Micros(5))));
        assert_eq!(with_new_token(MOST_TRIES, DAY, Micros(5)), None);
        assert_eq!(with_new_token(3, DAY, DAY), None);
    }

    proptest! {
        /// Never before the provider's own minimum, never later than minimum and cap.
        #[test]
        fn the_wait_keeps_its_bounds(before in 0i64..40, least in 0u64..7200, luck in 0.0f64..1.0) {
            let wait = backoff(before, Duration::from_secs(least), luck);
            let least = least as i64 * Micros::SECOND;
            prop_assert!(wait >= least && wait <= least + CAP);
        }
    }
}
