//! Signing keys: the `.p8` file a sender reads, and what Apple knows of it.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::DecodingKey;
use uuid::Uuid;

use super::super::pem;

/// The developer team that all keys of the gateway are of.
const TEAM: &str = "QSGATEWAY0";

/// A signing key made up for the gateway, with the app it may push to.
#[derive(Clone)]
pub struct ApnsKey {
    key_id: String,
    topic: String,
    pem: String,
    public: Vec<u8>,
}

impl ApnsKey {
    /// Makes a new key of the curve P-256 for the app of this bundle id.
    ///
    /// # Errors
    /// When the key cannot be made.
    pub fn generate(topic: &str) -> Result<Self, ApnsKeyError> {
        const FAILED: ApnsKeyError = ApnsKeyError("it could not be made");
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| FAILED)?;
        let der = pair.to_pkcs8v1().map_err(|_| FAILED)?;
        Ok(Self::of(&pair, topic, pem::write(der.as_ref())))
    }

    /// Reads a file written from [`Self::pem`].
    ///
    /// # Errors
    /// When it holds no such key.
    pub fn from_pem(topic: &str, text: &str) -> Result<Self, ApnsKeyError> {
        const UNREADABLE: ApnsKeyError = ApnsKeyError("this is no PKCS#8 file of a P-256 key");
        let der = pem::read(text).ok_or(UNREADABLE)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| UNREADABLE)?;
        Ok(Self::of(&pair, topic, text.to_owned()))
    }

    fn of(pair: &EcdsaKeyPair, topic: &str, pem: String) -> Self {
        let public = pair.public_key().as_ref().to_vec();
        // The same key has the same id whenever it is read.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &public).simple();
        let mut key_id = id.to_string().to_uppercase();
        key_id.truncate(10);
        Self {
            key_id,
            topic: topic.to_owned(),
            pem,
            public,
        }
    }

    /// The `kid` of its provider tokens, ten letters and digits.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The `iss` of its provider tokens.
    #[must_use]
    pub fn team_id(&self) -> &str {
        TEAM
    }

    /// The bundle id of the app it may push to.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The file, private key included.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn public_key(&self) -> DecodingKey {
        DecodingKey::from_ec_der(&self.public)
    }
}

impl fmt::Debug for ApnsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApnsKey")
            .field("key_id", &self.key_id)
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// Why a signing key cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApnsKeyError(&'static str);

impl fmt::Display for ApnsKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "APNs signing key: {}", self.0)
    }
}

impl std::error::Error for ApnsKeyError {}
