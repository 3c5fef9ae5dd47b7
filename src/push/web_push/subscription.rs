//! A subscription as it rests: where a browser or app is reached, and whom to encrypt for.

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Uncompressed (X9.62): a byte, two coordinates.
const POINT: usize = 65;
const UNCOMPRESSED: u8 = 4;

/// What stands, sealed, where another provider's token would; its JSON is the token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

impl Subscription {
    pub fn token(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    pub fn read(token: &str) -> Option<Subscription> {
        serde_json::from_str(token).ok()
    }
}

/// By which a token is known to be another phone's, too: of a subscription its endpoint, since a browser may
/// give it new keys.
pub fn known_by(token: &str) -> Cow<'_, str> {
    match token.starts_with('{') {
        true => Subscription::read(token).map_or(Cow::Borrowed(token), |s| Cow::Owned(s.endpoint)),
        false => Cow::Borrowed(token),
    }
}

/// Which of the keys is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKey {
    /// Not base64url.
    Text(&'static str),
    Length(&'static str),
    /// No point of the curve P-256.
    Point,
}

/// Whom a message is encrypted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    pub p256dh: [u8; POINT],
    pub auth: [u8; 16],
}

impl Receiver {
    /// Decodes both keys. Whether the first is a point of the curve is [`Receiver::check`]'s to say.
    pub fn read(p256dh: &str, auth: &str) -> Result<Receiver, BadKey> {
        Ok(Receiver {
            p256dh: bytes(p256dh, "p256dh")?,
            auth: bytes(auth, "auth")?,
        })
    }

    /// Whether anybody can hold the private half. Done once, when the subscription is given; every encryption
    /// would find it out again.
    pub fn check(&self) -> Result<(), BadKey> {
        let point = UnparsedPublicKey::new(&ECDH_P256, &self.p256dh);
        let parsed = ParsedPublicKey::try_from(&point);
        match parsed.is_ok() && self.p256dh[0] == UNCOMPRESSED {
            true => Ok(()),
            false => Err(BadKey::Point),
        }
    }
}

fn bytes<const N: usize>(text: &str, name: &'static str) -> Result<[u8; N], BadKey> {
    let decoded = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| BadKey::Text(name))?;
    decoded.try_into().map_err(|_| BadKey::Length(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GOOD: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn keys_are_of_their_length_and_of_the_curve() {
        assert!(Receiver::read(GOOD, AUTH).unwrap().check().is_ok());
        assert_eq!(
            Receiver::read(&GOOD[..84], AUTH),
            Err(BadKey::Length("p256dh"))
        );
        assert_eq!(
            Receiver::read(GOOD, "BTBZMqHH6r4Tts7J"),
            Err(BadKey::Length("auth"))
        );
        assert_eq!(Receiver::read("+/8", AUTH), Err(BadKey::Text("p256dh")));
        assert_eq!(
            Receiver::read(GOOD, "BTBZMqHH6r4Tts7J_aSIgg=="),
            Err(BadKey::Text("auth"))
        );
        let mut off = Receiver::read(GOOD, AUTH).unwrap();
        off.p256dh[64] ^= 1;
        assert_eq!(off.check(), Err(BadKey::Point));
        let hybrid = Receiver {
            p256dh: {
                let mut p = Receiver::read(GOOD, AUTH).unwrap().p256dh;
                p[0] = 6;
                p
            },
            ..off.clone()
        };
        assert_eq!(
            hybrid.check(),
            Err(BadKey::Point),
            "another form of the point"
        );
        assert_eq!(
            Receiver {
                p256dh: [0; 65],
                ..off
            }
            .check(),
            Err(BadKey::Point)
        );
    }

    #[test]
    fn a_subscription_is_known_by_its_endpoint_and_a_token_by_itself() {
        let s = Subscription {
            endpoint: "https://push.example.org/1".into(),
            p256dh: GOOD.into(),
            auth: AUTH.into(),
        };
        assert_eq!(known_by(&s.token().unwrap()), "https://push.example.org/1");
        assert_eq!(known_by("token-of-a-phone"), "token-of-a-phone");
        assert_eq!(known_by("{odd-token}"), "{odd-token}");
    }
}
