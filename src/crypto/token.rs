//! Access tokens: compact JWTs signed with ES256 (ECDSA on P-256 with SHA-256), and nothing else.
//!
//! The algorithm is fixed by the code, not by the token: `none`, HMAC under the public key and the
//! like have no path to go. Keys are parsed once; a general JWT library parses them for every token.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{CryptoError, TokenError};
use super::keyring::TokenSecret;

const ALG: &str = "ES256";
/// Longer tokens are refused unread, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
const SIGNATURE_LEN: usize = 64;
/// No access token lives longer, in seconds; the configuration allows no more.
pub const MAX_LIFE: i64 = 60 * 60;
/// How long after a rotation a node may sign with the key before: until it has read the new one.
const HANDOVER: i64 = 60;

/// The signing keys: the newest signs, and those before it verify while tokens of theirs may be alive.
/// Nobody gains by an old key, then, who finds it in an old recovery kit.
pub struct TokenKeys {
    /// Oldest first.
    older: Vec<TokenKey>,
    current: TokenKey,
}

struct TokenKey {
    /// From the public key (RFC 7638, first 64 bits), so the same on every node.
    kid: String,
    /// The token's first part, always the same.
    header: String,
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    jwk: Value,
    /// When a newer key took its place, in seconds since 1970.
    retired: Option<i64>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Registered<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

impl TokenKeys {
    /// `secrets` oldest first. The error says which key is not one.
    pub(super) fn new(secrets: &[TokenSecret]) -> Result<TokenKeys, String> {
        let mut keys = Vec::with_capacity(secrets.len());
        for (at, secret) in secrets.iter().enumerate() {
            let successor = secrets.get(at + 1).map(|s| s.created);
            let retired = successor.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
            let key = TokenKey::new(&secret.pkcs8, retired);
            keys.push(key.ok_or_else(|| format!("token key {} is not a P-256 key", at + 1))?);
        }
        let current = keys.pop().ok_or("it holds no token key")?;
        let older = keys;
        Ok(TokenKeys { older, current })
    }

    /// Signs `claims`, which must hold what [`TokenKeys::verify`] asks for: `iss` and `aud` as
    /// strings, `exp` and `iat` in whole seconds since 1970. Answers `header.claims.signature`.
    ///
    /// # Errors
    /// [`CryptoError::Claims`] if `claims` do not serialise, [`CryptoError::Library`] if signing
    /// fails.
    pub fn sign<T: Serialize>(&self, claims: &T) -> Result<String, CryptoError> {
        self.current.sign(&self.current.header, claims)
    }

    /// Signs a statement that is no access token: `typ` says what it is, and its `aud` should be another
    /// one too. It is checked by others, with the keys of [`TokenKeys::all_public`].
    ///
    /// # Errors
    /// As [`TokenKeys::sign`].
    pub fn sign_statement<T: Serialize>(
        &self,
        typ: &str,
        claims: &T,
    ) -> Result<String, CryptoError> {
        let key = &self.current;
        key.sign(&header(typ, &key.kid), claims)
    }

    /// The public half of every key there ever was, newest first, as a JWK set: statements are checked
    /// long after their key was retired. `retired_at` (seconds since 1970) is when a newer key took its
    /// place; what bears a later time was not signed by us.
    #[must_use]
    pub fn all_public(&self) -> Value {
        let keys = self.newest_first().map(|key| {
            let mut jwk = key.jwk.clone();
            if let (Some(members), Some(at)) = (jwk.as_object_mut(), key.handed_over()) {
                members.insert("retired_at".to_owned(), at.into());
            }
            jwk
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// Checks signature, issuer, audience, time and the key's own, in this order, and answers the claims.
    /// `now_unix` is in seconds; `leeway_s` seconds are granted for clocks that differ.
    ///
    /// # Errors
    /// See [`TokenError`]. Claims that do not fit `T` are `Malformed`.
    pub fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        iss: &str,
        aud: &str,
        now_unix: i64,
        leeway_s: u64,
    ) -> Result<T, TokenError> {
        let (payload, key) = self.signed_payload(token)?;
        let claims: Registered<'_> = read(&payload)?;
        if claims.iss != iss || claims.aud != aud {
            return Err(TokenError::WrongAudience);
        }
        let too_late = now_unix >= claims.exp.saturating_add_unsigned(leeway_s);
        let latest_start = now_unix.saturating_add_unsigned(leeway_s);
        let too_early = claims.nbf.is_some_and(|nbf| nbf > latest_start);
        if too_late || too_early {
            return Err(TokenError::Expired);
        }
        if let Some(handed_over) = key.handed_over() {
            let issued = claims.iat.ok_or(TokenError::Malformed)?;
            if issued > handed_over || key.silent(now_unix) {
                return Err(TokenError::RetiredKey);
            }
        }
        read(&payload)
    }

    /// The public keys whose tokens may be alive, as a JWK set (RFC 7517), newest first:
    /// `{"keys": [{"kty": "EC", …}]}`.
    #[must_use]
    pub fn jwks(&self, now_unix: i64) -> Value {
        let alive = self.newest_first().filter(|key| !key.silent(now_unix));
        json!({ "keys": alive.map(|key| &key.jwk).collect::<Vec<_>>() })
    }

    fn newest_first(&self) -> impl Iterator<Item = &TokenKey> {
        [&self.current].into_iter().chain(self.older.iter().rev())
    }

    /// The claims' JSON, once one of our keys is found to have signed them, and that key.
    fn signed_payload(&self, token: &str) -> Result<(Vec<u8>, &TokenKey), TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header = decode(header)?;
        let header: Header<'_> = read(&header)?;
        if header.alg != ALG || header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        if signature.len() != SIGNATURE_LEN {
            return Err(TokenError::Malformed);
        }
        let key = self
            .newest_first()
            .find(|key| key.kid == header.kid)
            .ok_or(TokenError::UnknownKey)?;
        key.public
            .verify_sig(message.as_bytes(), &signature)
            .map_err(|_| TokenError::BadSignature)?;
        Ok((payload, key))
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids = self.newest_first().map(|key| &key.kid);
        f.write_str("TokenKeys")?;
        f.debug_list().entries(kids).finish()
    }
}

fn header(typ: &str, kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "typ": typ, "alg": ALG, "kid": kid }).to_string())
}

impl TokenKey {
    fn sign<T: Serialize>(&self, header: &str, claims: &T) -> Result<String, CryptoError> {
        let claims = serde_json::to_vec(claims).map_err(|_| CryptoError::Claims)?;
        // four characters for three bytes; the signature takes 86
        let room = header.len() + claims.len().div_ceil(3) * 4 + 90;
        let mut token = String::with_capacity(room);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .map_err(|_| CryptoError::Library)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The last moment at which a node may have signed with it; none for the current key.
    fn handed_over(&self) -> Option<i64> {
        self.retired.map(|at| at.saturating_add(HANDOVER))
    }

    /// Whether every token it may have signed has ended.
    fn silent(&self, now_unix: i64) -> bool {
        self.handed_over()
            .is_some_and(|at| now_unix >= at.saturating_add(MAX_LIFE))
    }

    fn new(pkcs8: &[u8], retired: Option<i64>) -> Option<TokenKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).ok()?;
        let point = pair.public_key().as_ref().strip_prefix(&[4])?;
        let (x, y) = point.split_at_checked(32)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        // RFC 7638: the required members in this order, without spaces
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let hash = digest(&SHA256, thumbprint.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(hash.as_ref().get(..8)?);
        Some(TokenKey {
            header: header("JWT", &kid),
            jwk: json!({
                "kty": "EC", "crv": "P-256", "x": x, "y": y,
                "kid": kid, "alg": ALG, "use": "sig",
            }),
            kid,
            pair,
            public,
            retired,
        })
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    (URL_SAFE_NO_PAD.decode(part)).map_err(|_| TokenError::Malformed)
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, TokenError> {
    serde_json::from_slice(json).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
