//! Whether a token that its provider calls bad is to blame, or we are.
//!
//! APNs' `BadDeviceToken` and `DeviceTokenNotForTopic` say that a token does not belong here, WeCom's `invaliduser`
//! that the app may not write to a member. When our settings are wrong (the address, the topic, the app's visible
//! range) every token is answered so, and retiring them would silence everybody for our own mistake. So a token is
//! retired for it only while the provider takes others, which proves the settings.
//!
//! - Something was accepted within ten minutes: the token is to blame.
//! - Nothing was, as after a start: it is not clear yet, and the message waits.
//! - Eight different tokens were called so and nothing was accepted since the first: it is us. The provider
//!   stops, which alerts, and no token is retired. One that passes ends the doubt.
//!
//! Each process knows what it has seen itself.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many different ones in a row are no chance.
const MANY: usize = 8;
/// An acceptance proves something for so long.
const PROVES: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    Token,
    Unclear,
    Us,
}

#[derive(Default)]
struct Seen {
    accepted: Option<Instant>,
    /// Tokens called bad since then, at most [`MANY`].
    bad: HashSet<u64>,
}

#[derive(Default)]
pub struct Doubt {
    seen: Mutex<Seen>,
    hasher: RandomState,
}

impl Doubt {
    pub fn accepted(&self, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.accepted = Some(now);
        seen.bad.clear();
    }

    pub fn called_bad(&self, token: &str, now: Instant) -> Blame {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.bad.len() < MANY {
            seen.bad.insert(self.hasher.hash_one(token));
        }
        if seen.bad.len() >= MANY {
            Blame::Us
        } else if seen
            .accepted
            .is_some_and(|at| now.duration_since(at) < PROVES)
        {
            Blame::Token
        } else {
            Blame::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_to_blame_only_while_others_pass() {
        let (doubt, now) = (Doubt::default(), Instant::now());
        assert_eq!(doubt.called_bad("a", now), Blame::Unclear);
        doubt.accepted(now);
        assert_eq!(doubt.called_bad("a", now), Blame::Token);
        assert_eq!(doubt.called_bad("b", now + PROVES), Blame::Unclear);
    }

    #[test]
    fn many_at_once_are_our_fault_until_one_passes() {
        let (doubt, now) = (Doubt::default(), Instant::now());
        doubt.accepted(now);
        for n in 0..MANY - 1 {
            assert_eq!(doubt.called_bad(&n.to_string(), now), Blame::Token);
            // The same one again says nothing new.
            assert_eq!(doubt.called_bad(&n.to_string(), now), Blame::Token);
        }
        assert_eq!(doubt.called_bad("another", now), Blame::Us);
        assert_eq!(doubt.called_bad("0", now), Blame::Us);
        doubt.accepted(now);
        assert_eq!(doubt.called_bad("0", now), Blame::Token);
    }
}
