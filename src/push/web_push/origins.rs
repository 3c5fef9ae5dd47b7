//! What is known of each push service, by its origin: the signed statement that we show it, and whether it
//! takes what we send.
//!
//! One provider name covers many push services, and phones choose them. One that refuses us says nothing of the
//! others, so it is left alone by itself; the provider never stops.

use quick_cache::sync::Cache;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::crypto::WebPushKey;
use crate::db::Micros;
use crate::push::fate::{pause, pauses};
use crate::push::provider::PATIENCE;

/// Of so many at once; phones choose their number, so the least used are forgotten.
const MOST: usize = 1_024;
/// A statement may be good for a day at the most (RFC 8292).
const STATEMENT_SECONDS: i64 = 12 * 3600;
/// It is renewed so long before its end: clocks differ, and a try takes its time.
const RENEW_SECONDS: i64 = 3600;
/// However long it asks for, it is asked again after this.
const LONGEST: i64 = Micros::HOUR;
/// A service that took something within this has nothing against us.
const LATELY: i64 = 10 * Micros::MINUTE;

pub struct Origins {
    key: WebPushKey,
    contact: String,
    known: Cache<String, Arc<Origin>>,
}

pub struct Origin {
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The value of `Authorization`, and until when it is shown, in seconds since 1970.
    shown: Option<(Arc<str>, i64)>,
    accepted_at: Option<Micros>,
    held: Option<Hold>,
}

/// It refuses us.
#[derive(Clone, Copy)]
struct Hold {
    since: Micros,
    /// Until when it is left alone.
    until: Micros,
    /// One message is on its way to find out whether it still does.
    asking: bool,
}

#[derive(Serialize)]
struct Statement<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

impl Origins {
    pub fn new(key: WebPushKey, contact: String) -> Origins {
        Origins {
            key,
            contact,
            known: Cache::new(MOST),
        }
    }

    pub fn of(&self, name: String) -> Arc<Origin> {
        if let Some(known) = self.known.get(&name) {
            return known;
        }
        let origin = Arc::new(Origin {
            name: name.clone(),
            state: Mutex::default(),
        });
        // Of two that come at once one is kept; the other is as good for its one message.
        self.known.insert(name, origin.clone());
        origin
    }

    /// Who we are, signed for this origin. One signature serves all messages of half a day; `now` is the world's
    /// time, whatever time a test has made it here.
    pub fn statement(&self, origin: &Origin, now: i64) -> Option<Arc<str>> {
        let mut state = origin.state();
        if let Some((shown, until)) = &state.shown
            && *until > now
        {
            return Some(shown.clone());
        }
        let exp = now + STATEMENT_SECONDS;
        let token = self.key.sign(&Statement {
            aud: &origin.name,
            exp,
            sub: &self.contact,
        })?;
        let shown: Arc<str> = format!("vapid t={token}, k={}", self.key.public()).into();
        state.shown = Some((shown.clone(), exp - RENEW_SECONDS));
        Some(shown)
    }
}

impl Origin {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may be asked now; else how long it is left alone. After that one message asks for all.
    pub fn ask(&self, now: Micros) -> Result<(), Duration> {
        let mut state = self.state();
        match &mut state.held {
            Some(hold) if pauses(hold.until, now) => Err(span(hold.until.0 - now.0)),
            Some(hold) => {
                // The others wait as long as a try may take.
                hold.until =
                    now.plus(i64::try_from(PATIENCE.as_micros()).unwrap_or(Micros::MINUTE));
                hold.asking = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub fn accepted(&self, now: Micros) {
        let mut state = self.state();
        state.accepted_at = Some(now);
        state.held = None;
    }

    /// Whether it took something lately.
    pub fn passes(&self, now: Micros) -> bool {
        self.state()
            .accepted_at
            .is_some_and(|at| now.0 - at.0 < LATELY)
    }

    /// It had trouble: the next ones wait so long, unless it takes one of those under way.
    pub fn busy(&self, now: Micros, wait: Duration) {
        let mut state = self.state();
        if state
            .held
            .is_some_and(|hold| hold.until > now && !hold.asking)
        {
            return;
        }
        let wait = i64::try_from(wait.as_micros())
            .unwrap_or(LONGEST)
            .min(LONGEST);
        state.held = Some(Hold {
            since: state.held.map_or(now, |hold| hold.since),
            until: now.plus(wait),
            asking: false,
        });
    }

    /// It refused us: how long it is left alone. Nothing where it takes others: then it was about this
    /// subscription, which may be one for another key.
    pub fn refused(&self, now: Micros) -> Option<Duration> {
        if self.passes(now) {
            return None;
        }
        let mut state = self.state();
        let hold = match state.held {
            // Those that were under way when it was held say nothing new.
            Some(hold) if pauses(hold.until, now) && !hold.asking => hold,
            held => {
                let since = held.map_or(now, |hold| hold.since);
                Hold {
                    since,
                    until: now.plus(pause(Some(since), now)),
                    asking: false,
                }
            }
        };
        if state.held.is_none() {
            tracing::error!(
                origin = self.name,
                "a push service refuses us; its browsers wait, and it is asked again by itself"
            );
        }
        state.held = Some(hold);
        Some(span(hold.until.0 - now.0))
    }
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(micros.max(0).unsigned_abs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::crypto::Vault;

    fn origins() -> Origins {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("keys");
        Vault::create(&dir).unwrap();
        Origins::new(
            WebPushKey::open_or_make(&dir).unwrap(),
            "mailto:push@example.org".into(),
        )
    }

    #[test]
    fn a_statement_is_signed_once_by_origin_and_renewed_before_its_end() {
        let origins = origins();
        let (one, other) = (
            origins.of("https://a.example".into()),
            origins.of("https://b.example".into()),
        );
        let first = origins.statement(&one, 1000).unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &origins
                .statement(&origins.of("https://a.example".into()), 1000 + 10 * 3600)
                .unwrap()
        ));
        assert_ne!(
            first,
            origins.statement(&other, 1000).unwrap(),
            "each names its origin"
        );
        assert_ne!(first, origins.statement(&one, 1000 + 11 * 3600).unwrap());
    }

    #[test]
    fn one_that_refuses_us_is_left_alone_for_longer_and_longer_and_the_others_are_not() {
        let origins = origins();
        let (one, other) = (
            origins.of("https://a.example".into()),
            origins.of("https://b.example".into()),
        );
        let at = |minutes: i64| Micros(minutes * Micros::MINUTE);
        assert_eq!(one.refused(at(0)), Some(Duration::from_secs(60)));
        assert_eq!(
            one.refused(at(0)),
            Some(Duration::from_secs(60)),
            "those under way add nothing"
        );
        assert!(one.ask(at(0)).is_err() && other.ask(at(0)).is_ok());
        assert!(one.ask(at(1)).is_ok(), "one asks");
        assert_eq!(one.ask(at(1)), Err(PATIENCE), "for all");
        one.refused(at(4));
        assert_eq!(one.ask(at(4)), Err(Duration::from_secs(240)));
        // Measured by a clock that was an hour ahead: over, once it is put right.
        one.refused(at(64));
        assert!(one.ask(at(5)).is_ok());
        one.accepted(at(5));
        assert!(one.ask(at(5)).is_ok());
        assert_eq!(
            one.refused(at(6)),
            None,
            "it takes others: this is about one subscription"
        );
        assert!(one.refused(at(16)).is_some());
    }
}
