//! Ids of calls (`cid`), fetched ten at a time before they are needed.
//!
//! JPush knows a push again by its `cid` for a day and answers a retry as it answered the first, without pushing
//! twice. The ids are JPush's to give, so none can be derived from a delivery: a delivery takes one from this
//! pool at its first try, its receipt keeps it, and whichever worker makes the next try is told (`Message::
//! reference`). What a crash costs: of a try that was under way no receipt was written, so that its retry takes
//! another id and may arrive twice. The phone drops it by its `message_id`, as it does with every provider.

use std::time::{Duration, Instant};

/// An id that lay here for longer is not used: the day is for retries.
const FRESH: Duration = Duration::from_secs(3_600);

/// What is left of the ids fetched.
#[derive(Default)]
pub(super) struct Pool {
    ids: Vec<(String, Instant)>,
}

impl Pool {
    pub(super) fn take(&mut self, now: Instant) -> Option<String> {
        self.ids.retain(|(_, at)| now.duration_since(*at) < FRESH);
        self.ids.pop().map(|(id, _)| id)
    }

    pub(super) fn fill(&mut self, ids: Vec<String>, now: Instant) {
        self.ids.extend(ids.into_iter().map(|id| (id, now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_given_once_and_none_that_is_old() {
        let (mut pool, now) = (Pool::default(), Instant::now());
        assert_eq!(pool.take(now), None);
        pool.fill(vec!["a".to_owned(), "b".to_owned()], now);
        assert_eq!(pool.take(now).as_deref(), Some("b"));
        assert_eq!(pool.take(now).as_deref(), Some("a"));
        assert_eq!(pool.take(now), None);
        pool.fill(vec!["c".to_owned()], now);
        assert_eq!(pool.take(now + FRESH), None);
    }
}
