//! The provider token: one signed word of who we are, the same for every send of this process.
//!
//! APNs refuses one that is older than an hour, and one of several that were made within twenty minutes. It is
//! therefore renewed between the two, and out of turn (APNs called it expired) once in twenty minutes at most.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};

/// Seconds after which it is renewed: safely between twenty minutes and an hour.
const RENEW: i64 = 40 * 60;
/// Seconds between two renewals out of turn.
const BETWEEN: i64 = 20 * 60;
/// A clock is put right by so much without a new token; one that lies further ahead would be refused.
const AHEAD: i64 = 60;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
}

#[derive(Default)]
struct Held {
    token: Option<(Arc<str>, i64)>,
    /// When it was last renewed out of turn.
    forced: Option<i64>,
}

pub(super) struct Signer {
    key: EncodingKey,
    kid: String,
    team: String,
    held: Mutex<Held>,
}

/// The token could not be signed: the key is none for ES256.
pub(super) struct Unsigned;

impl Signer {
    pub(super) fn new(key: EncodingKey, kid: &str, team: &str) -> Signer {
        Signer {
            key,
            kid: kid.to_owned(),
            team: team.to_owned(),
            held: Mutex::default(),
        }
    }

    /// The token of this time (seconds since 1970).
    pub(super) fn token(&self, now: i64) -> Result<Arc<str>, Unsigned> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match &held.token {
            Some((token, made)) if (-AHEAD..RENEW).contains(&(now - made)) => Ok(token.clone()),
            _ => self.sign(&mut held, now),
        }
    }

    /// Another one in place of one that was called expired; nothing when that was done lately already, since
    /// then it is not the token's age (a wrong clock, for one), and renewing again would be our own fault.
    pub(super) fn instead_of(&self, expired: &str, now: i64) -> Result<Option<Arc<str>>, Unsigned> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = &held.token
            && &**token != expired
        {
            return Ok(Some(token.clone()));
        }
        if held
            .forced
            .is_some_and(|at| (0..BETWEEN).contains(&(now - at)))
        {
            return Ok(None);
        }
        held.forced = Some(now);
        self.sign(&mut held, now).map(Some)
    }

    fn sign(&self, held: &mut Held, now: i64) -> Result<Arc<str>, Unsigned> {
        let header = Header {
            kid: Some(self.kid.clone()),
            typ: None,
            ..Header::new(Algorithm::ES256)
        };
        let claims = Claims {
            iss: &self.team,
            iat: now,
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| Unsigned)?;
        let token: Arc<str> = token.into();
        held.token = Some((token.clone(), now));
        Ok(token)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

    fn signer() -> Signer {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der = key.to_pkcs8v1().unwrap();
        Signer::new(
            EncodingKey::from_ec_der(der.as_ref()),
            "KEY1234567",
            "TEAM123456",
        )
    }

    fn made(signer: &Signer, now: i64) -> Arc<str> {
        signer.token(now).ok().unwrap()
    }

    #[test]
    fn it_is_renewed_between_twenty_and_sixty_minutes() {
        let signer = signer();
        let first = made(&signer, 1_000_000);
        for age in [1, 20 * 60, 39 * 60] {
            assert_eq!(made(&signer, 1_000_000 + age), first, "after {age} s");
        }
        let second = made(&signer, 1_000_000 + 40 * 60);
        assert_ne!(second, first);
        assert_eq!(made(&signer, 1_000_000 + 79 * 60), second, "it began anew");
        // A clock that was far ahead is put right: a token from the future would be refused.
        assert_eq!(made(&signer, 1_000_000 + 40 * 60 - 30), second);
        assert_ne!(made(&signer, 1_000_000), second);
    }

    #[test]
    fn out_of_turn_it_is_renewed_once_in_twenty_minutes() {
        let signer = signer();
        let first = made(&signer, 1_000_000);
        let instead = |expired: &str, now| signer.instead_of(expired, now).ok().unwrap();
        let second = instead(&first, 1_000_010).unwrap();
        assert_ne!(second, first);
        // Others that were under way with the first get the second, and make no third.
        assert_eq!(instead(&first, 1_000_011), Some(second.clone()));
        assert_eq!(instead(&second, 1_000_020), None, "it is not its age");
        assert!(instead(&second, 1_000_010 + 20 * 60).is_some());
    }

    #[test]
    fn it_says_who_we_are_and_when() {
        use base64::Engine;
        let token = made(&signer(), 1_000_000);
        let parts: Vec<serde_json::Value> = token
            .split('.')
            .take(2)
            .map(|p| {
                let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(p);
                serde_json::from_slice(&bytes.unwrap()).unwrap()
            })
            .collect();
        assert_eq!(
            parts[0],
            serde_json::json!({ "alg": "ES256", "kid": "KEY1234567" })
        );
        assert_eq!(
            parts[1],
            serde_json::json!({ "iss": "TEAM123456", "iat": 1_000_000 })
        );
    }
}
