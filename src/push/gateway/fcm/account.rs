//! Service accounts: the file a sender reads, and what Google knows of it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::pem;

/// A service account made up for the gateway. Its JSON ([`Self::to_json`]) has
/// the fields of a file downloaded from Google's console.
#[derive(Clone, Serialize, Deserialize)]
pub struct ServiceAccount {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
    client_id: String,
    auth_uri: String,
    token_uri: String,
}

impl ServiceAccount {
    /// Makes an account with a new RSA key of 2,048 bits. `base_url` is the
    /// gateway's; its token endpoint becomes the `token_uri`.
    ///
    /// # Errors
    /// When the project's name is empty or the key cannot be made.
    pub fn generate(project_id: &str, base_url: &str) -> Result<Self, AccountError> {
        if project_id.is_empty() || project_id.contains(['/', ' ']) {
            return Err(AccountError("the project's name is not usable"));
        }
        let key = KeyPair::generate(KeySize::Rsa2048)
            .map_err(|_| AccountError("the RSA key could not be made"))?;
        let der: Pkcs8V1Der<'_> = key
            .as_der()
            .map_err(|_| AccountError("the RSA key could not be written"))?;
        let account = Self {
            kind: "service_account".to_owned(),
            project_id: project_id.to_owned(),
            private_key_id: Uuid::now_v7().simple().to_string(),
            private_key: pem::write(der.as_ref()),
            client_email: format!("gateway@{project_id}.iam.gserviceaccount.com"),
            client_id: (Uuid::now_v7().as_u128() % 10_u128.pow(21)).to_string(),
            auth_uri: format!("{base_url}/auth"),
            token_uri: String::new(),
        };
        Ok(account.moved_to(base_url))
    }

    /// Reads an account written by [`Self::to_json`], or one from Google.
    ///
    /// # Errors
    /// When it is no service account or its key cannot be read.
    pub fn from_json(json: &str) -> Result<Self, AccountError> {
        let account: Self = serde_json::from_str(json)
            .map_err(|_| AccountError("this is not the JSON of a service account"))?;
        if account.kind != "service_account" {
            return Err(AccountError("its type is not service_account"));
        }
        account.public_key()?;
        Ok(account)
    }

    /// The same account at another gateway address: for one that was started
    /// again on another port.
    #[must_use]
    pub fn moved_to(mut self, base_url: &str) -> Self {
        self.token_uri = format!("{base_url}{}", super::TOKEN_PATH);
        self
    }

    /// The file, private key included.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings only: it cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The project it may send for.
    #[must_use]
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The id of its key, the `kid` of its assertions.
    #[must_use]
    pub fn private_key_id(&self) -> &str {
        &self.private_key_id
    }

    /// The PEM (PKCS#8) of its key.
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        &self.private_key
    }

    /// Its name, the `iss` of its assertions.
    #[must_use]
    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    /// Where it gets access tokens, the `aud` of its assertions.
    #[must_use]
    pub fn token_uri(&self) -> &str {
        &self.token_uri
    }

    pub(super) fn public_key(&self) -> Result<DecodingKey, AccountError> {
        const UNREADABLE: AccountError = AccountError("its private key cannot be read");
        let der = pem::read(&self.private_key).ok_or(UNREADABLE)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| UNREADABLE)?;
        Ok(DecodingKey::from_rsa_der(pair.public_key().as_ref()))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("project_id", &self.project_id)
            .field("client_email", &self.client_email)
            .field("token_uri", &self.token_uri)
            .finish_non_exhaustive()
    }
}

/// Why a service account cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountError(&'static str);

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service account: {}", self.0)
    }
}

impl std::error::Error for AccountError {}
