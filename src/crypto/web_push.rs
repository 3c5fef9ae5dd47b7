//! The key by which push services of browsers know us (VAPID, RFC 8292): P-256, in a file of its own beside the
//! keyring.
//!
//! A browser's subscription is made for one such key. Another key reaches none of them: they would all have to
//! subscribe anew.

use std::fmt;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use zeroize::Zeroizing;

use super::error::{CryptoError, KeyError};
use super::folder::{self, Folder};

/// PKCS#8 in PEM, as other tools read it.
pub const FILE: &str = "web-push.pem";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

pub struct WebPushKey {
    pair: EcdsaKeyPair,
    public: String,
}

impl WebPushKey {
    /// The key of this folder, if there is one.
    ///
    /// # Errors
    /// As [`super::Vault::open`], but for a missing file.
    pub fn open(dir: &Path) -> Result<Option<WebPushKey>, KeyError> {
        let Some(pem) = folder::read_beside(dir, FILE)? else {
            return Ok(None);
        };
        let unusable = || KeyError::NoWebPushKey(dir.join(FILE));
        let text = std::str::from_utf8(&pem).map_err(|_| unusable())?;
        let inside = text
            .split_once(BEGIN)
            .and_then(|(_, rest)| rest.split_once(END))
            .map(|(inside, _)| inside)
            .ok_or_else(unusable)?;
        let mut base64 = Zeroizing::new(String::with_capacity(inside.len()));
        base64.extend(inside.chars().filter(|c| !c.is_ascii_whitespace()));
        let der = STANDARD.decode(base64.as_bytes()).map_err(|_| unusable())?;
        let der = Zeroizing::new(der);
        WebPushKey::of(&der).ok_or_else(unusable).map(Some)
    }

    /// The same, made where there is none; two that ask at once get the same.
    ///
    /// # Errors
    /// As [`WebPushKey::open`].
    pub fn open_or_make(dir: &Path) -> Result<WebPushKey, KeyError> {
        let folder = Folder::lock(dir)?;
        if let Some(key) = WebPushKey::open(dir)? {
            return Ok(key);
        }
        WebPushKey::make_in(&folder)
    }

    /// Puts a new key in the place of the old one.
    ///
    /// # Errors
    /// [`KeyError::Permissions`], [`KeyError::Io`].
    pub fn replace(dir: &Path) -> Result<WebPushKey, KeyError> {
        WebPushKey::make_in(&Folder::lock(dir)?)
    }

    fn make_in(folder: &Folder<'_>) -> Result<WebPushKey, KeyError> {
        let library = |_| KeyError::Crypto(CryptoError::Library);
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(library)?;
        let der = pair.to_pkcs8v1().map_err(library)?;
        let base64 = Zeroizing::new(STANDARD.encode(der.as_ref()));
        let mut pem = Zeroizing::new(String::with_capacity(base64.len() + 80));
        pem.push_str(BEGIN);
        for (at, c) in base64.chars().enumerate() {
            if at % 64 == 0 {
                pem.push('\n');
            }
            pem.push(c);
        }
        pem.push('\n');
        pem.push_str(END);
        pem.push('\n');
        folder.store_beside(FILE, pem.as_bytes())?;
        WebPushKey::of(der.as_ref()).ok_or(KeyError::Crypto(CryptoError::Library))
    }

    fn of(der: &[u8]) -> Option<WebPushKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Some(WebPushKey { pair, public })
    }

    /// The public half as browsers take it for `applicationServerKey`: 65 bytes in base64url.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// A signed statement (JWT, ES256) with these claims; nothing where signing fails.
    #[must_use]
    pub fn sign(&self, claims: &impl Serialize) -> Option<String> {
        let claims = serde_json::to_vec(claims).ok()?;
        let mut token = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Some(token)
    }
}

impl fmt::Debug for WebPushKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebPushKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_kept_private_and_read_back() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("keys");
        assert!(WebPushKey::open(&dir).is_err(), "no folder");
        drop(Folder::make(&dir).unwrap());
        assert!(WebPushKey::open(&dir).unwrap().is_none());
        let made = WebPushKey::open_or_make(&dir).unwrap();
        assert_eq!(made.public().len(), 87);
        assert_eq!(
            WebPushKey::open_or_make(&dir).unwrap().public(),
            made.public()
        );
        assert_eq!(
            WebPushKey::open(&dir).unwrap().unwrap().public(),
            made.public()
        );
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(WebPushKey::replace(&dir).unwrap().public(), made.public());
        std::fs::write(
            dir.join(FILE),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        )
        .unwrap();
        assert!(matches!(
            WebPushKey::open(&dir),
            Err(KeyError::NoWebPushKey(_))
        ));
    }

    /// Checked by another library than the one that signed.
    #[test]
    fn others_verify_what_it_signed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("keys");
        drop(Folder::make(&dir).unwrap());
        let key = WebPushKey::open_or_make(&dir).unwrap();
        let token = key
            .sign(
                &serde_json::json!({ "aud": "https://push.example.org", "exp": 4_102_444_800i64 }),
            )
            .unwrap();
        let point = URL_SAFE_NO_PAD.decode(key.public()).unwrap();
        let (x, y) = (
            URL_SAFE_NO_PAD.encode(&point[1..33]),
            URL_SAFE_NO_PAD.encode(&point[33..]),
        );
        let other = jsonwebtoken::DecodingKey::from_ec_components(&x, &y).unwrap();
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
        rules.set_audience(&["https://push.example.org"]);
        let claims = jsonwebtoken::decode::<serde_json::Value>(&token, &other, &rules)
            .unwrap()
            .claims;
        assert_eq!(claims["aud"], "https://push.example.org");
    }
}
