//! Provider tokens, as Apple judges them.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::super::state::lock;
use super::key::ApnsKey;
use super::reason::{ApnsReason, Refusal};

/// A token is good for an hour.
const LIVES_S: i64 = 3_600;
/// A clock may be ahead of Apple's by so much.
const AHEAD_S: i64 = 60;
/// Tokens of one key within twenty minutes: one, and for senders that were started again a few more.
const MOST_TOKENS: usize = 3;
const UPDATES: Duration = Duration::from_secs(20 * 60);

/// A key that Apple knows.
struct Known {
    kid: String,
    team: String,
    topic: String,
    key: DecodingKey,
    /// Its newest tokens, as hashes, and since when they are used.
    tokens: VecDeque<(u64, Instant)>,
}

/// Every key.
#[derive(Default)]
pub(super) struct Keys {
    known: Mutex<Vec<Known>>,
    hasher: RandomState,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    iat: i64,
}

impl Keys {
    /// Keeps the public part of a key, in place of one of the same id.
    pub(super) fn register(&self, key: &ApnsKey) {
        let known = Known {
            kid: key.key_id().to_owned(),
            team: key.team_id().to_owned(),
            topic: key.topic().to_owned(),
            key: key.public_key(),
            tokens: VecDeque::new(),
        };
        let mut all = lock(&self.known);
        all.retain(|k| k.kid != known.kid);
        all.push(known);
    }

    /// The topic that the holder of this `Authorization` may push to.
    pub(super) fn admit(&self, authorization: Option<&str>, now_s: i64) -> Result<String, Refusal> {
        let refuse = |reason, what: &str| Err(Refusal::new(reason, what));
        let invalid = |what: &str| refuse(ApnsReason::InvalidProviderToken, what);
        let Some(token) = authorization
            .and_then(|a| a.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token)
        else {
            return refuse(
                ApnsReason::MissingProviderToken,
                "no Authorization: bearer …",
            );
        };
        let Ok(header) = jsonwebtoken::decode_header(token) else {
            return invalid("the token is no JWT");
        };
        if header.alg != Algorithm::ES256 {
            return invalid("alg is not ES256");
        }
        let Some(kid) = header.kid else {
            return invalid("the token names no key (kid)");
        };
        let mut known = lock(&self.known);
        let Some(known) = known.iter_mut().find(|k| k.kid == kid) else {
            return invalid("there is no such key (kid)");
        };
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let Ok(read) = jsonwebtoken::decode::<Claims>(token, &known.key, &validation) else {
            return invalid("the signature is not this key's, or iss or iat is missing");
        };
        let Claims { iss, iat } = read.claims;
        if iss != known.team {
            return invalid("iss is not the team of this key");
        }
        if iat > now_s + AHEAD_S {
            return invalid("iat lies in the future");
        }
        if now_s - iat >= LIVES_S {
            return refuse(
                ApnsReason::ExpiredProviderToken,
                "iat is an hour ago or more",
            );
        }
        if !known.counts(self.hasher.hash_one(token), Instant::now()) {
            return refuse(
                ApnsReason::TooManyProviderTokenUpdates,
                "another new token within twenty minutes",
            );
        }
        Ok(known.topic.clone())
    }
}

impl Known {
    /// Whether this token is one of the few of these minutes.
    fn counts(&mut self, token: u64, now: Instant) -> bool {
        if self.tokens.iter().any(|(known, _)| *known == token) {
            return true;
        }
        self.tokens
            .retain(|(_, since)| now.duration_since(*since) < UPDATES);
        if self.tokens.len() >= MOST_TOKENS {
            return false;
        }
        self.tokens.push_back((token, now));
        true
    }
}
