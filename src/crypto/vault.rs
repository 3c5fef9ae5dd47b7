//! The key folder, opened: what the rest of the program uses.

use std::fmt;
use std::path::Path;

use uuid::Uuid;

use super::aead::{Cipher, DataKey, Place, Ring};
use super::error::{CryptoError, KeyError};
use super::folder::{self, Folder};
use super::keyring::Keyring;
use super::mac::{BlindColumn, MacKeys, MacPurpose};
use super::token::TokenKeys;

/// All keys of an installation, ready for use. Share it by `Arc`; every method takes `&self`, does
/// no I/O and may be called from any thread. Key memory is wiped when it is dropped.
pub struct Vault {
    ring: Ring,
    macs: MacKeys,
    tokens: TokenKeys,
}

impl Vault {
    /// Makes a key folder (0700) with new random keys (0600), durable before this returns. Missing
    /// parents are made, as private.
    ///
    /// # Errors
    /// [`KeyError::AlreadyThere`] if the folder holds keys, [`KeyError::Permissions`] if it is
    /// there and open to others, [`KeyError::Io`].
    pub fn create(dir: &Path) -> Result<Vault, KeyError> {
        let folder = Folder::make(dir)?;
        if folder::exists(dir) {
            return Err(KeyError::AlreadyThere(dir.to_owned()));
        }
        let keyring = Keyring::generate()?;
        folder.store(&keyring.to_json()?)?;
        Vault::of(dir, &keyring)
    }

    /// Opens a key folder.
    ///
    /// # Errors
    /// [`KeyError::MissingFolder`], [`KeyError::MissingFile`], [`KeyError::Permissions`] if group
    /// or others have any right to folder or file, [`KeyError::Content`], [`KeyError::Io`].
    pub fn open(dir: &Path) -> Result<Vault, KeyError> {
        Vault::of(dir, &read(dir)?)
    }

    /// Whether `dir` holds keys. That they can be read is for [`Vault::open`] to say.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        folder::exists(dir)
    }

    /// Adds a new current field key and a new signing key to the folder, keeps the old ones for
    /// reading and verifying, and answers the vault with both. Other processes see the new keys
    /// when they open the folder again.
    ///
    /// # Errors
    /// As [`Vault::open`]. The folder is then as it was.
    pub fn rotate(dir: &Path) -> Result<Vault, KeyError> {
        let folder = Folder::lock(dir)?;
        let mut keyring = read(dir)?;
        keyring.rotate()?;
        let vault = Vault::of(dir, &keyring)?;
        folder.store(&keyring.to_json()?)?;
        Ok(vault)
    }

    fn of(dir: &Path, keyring: &Keyring) -> Result<Vault, KeyError> {
        let mut field = Vec::with_capacity(keyring.field.len());
        for secret in &keyring.field {
            field.push((secret.id, Cipher::new(&secret.key)?));
        }
        let current = field
            .pop()
            .ok_or_else(|| content(dir, "it holds no field key"))?;
        Ok(Vault {
            ring: Ring::new(field, current),
            macs: MacKeys::new(&keyring.blind, &keyring.mac),
            tokens: TokenKeys::new(&keyring.token).map_err(|reason| content(dir, reason))?,
        })
    }

    /// 16 hexadecimal digits for the keys that never rotate (blind indexes and MACs). A database
    /// remembers it; under another value its indexes find nothing and its stored hashes match
    /// nothing. Unchanged by [`Vault::rotate`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.macs.fingerprint()
    }

    /// The ids of the field keys, oldest first. They are random, between 1 and 2³¹ − 1, so that
    /// another installation's keys are never taken for ours.
    #[must_use]
    pub fn key_ids(&self) -> Vec<u32> {
        self.ring.ids().collect()
    }

    /// The field key that new bytes are sealed under.
    #[must_use]
    pub fn current_key_id(&self) -> u32 {
        self.ring.current_id()
    }

    /// A new data key for the person `owner`, and its wrapped form (65 bytes) to store.
    ///
    /// # Errors
    /// [`CryptoError::Library`] only.
    pub fn new_data_key(&self, owner: Uuid) -> Result<(DataKey, Vec<u8>), CryptoError> {
        self.ring.new_data_key(owner)
    }

    /// Opens the data key of `owner`.
    ///
    /// # Errors
    /// [`CryptoError::UnknownKey`] naming the field key that is missing;
    /// [`CryptoError::NotAuthentic`] for bytes altered or of another person.
    pub fn open_data_key(&self, owner: Uuid, wrapped: &[u8]) -> Result<DataKey, CryptoError> {
        self.ring.open_data_key(owner, wrapped)
    }

    /// The same data key wrapped under the current field key; `None` where it is already. Fields
    /// sealed under the data key stay as they are.
    ///
    /// # Errors
    /// As [`Vault::open_data_key`].
    pub fn rewrap_data_key(
        &self,
        owner: Uuid,
        wrapped: &[u8],
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        self.ring.reseal(Place::data_key(owner), wrapped)
    }

    /// Seals what belongs to no person served, for `column` (`"users.display_name"`) of record
    /// `id`. Takes 33 bytes more than the text; equal texts give different bytes.
    ///
    /// # Errors
    /// [`CryptoError::Library`] only.
    pub fn seal(
        &self,
        column: &'static str,
        id: Uuid,
        plain: &str,
    ) -> Result<Vec<u8>, CryptoError> {
        self.ring.seal(Place::new(column, id), plain.as_bytes())
    }

    /// Opens what [`Vault::seal`] made for the same column and record.
    ///
    /// # Errors
    /// [`CryptoError::UnknownKey`] naming the field key that is missing;
    /// [`CryptoError::NotAuthentic`] for bytes altered or moved.
    pub fn open_sealed(
        &self,
        column: &'static str,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<String, CryptoError> {
        self.ring.open_text(Place::new(column, id), sealed)
    }

    /// What [`Vault::seal`] made, under the current field key; `None` where it is already.
    ///
    /// # Errors
    /// As [`Vault::open_sealed`].
    pub fn reseal(
        &self,
        column: &'static str,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        self.ring.reseal(Place::new(column, id), sealed)
    }

    /// 32 bytes (HMAC-SHA-256) that are equal for equal values of a column, to find a sealed value
    /// by. Normalise the value first.
    #[must_use]
    pub fn blind(&self, column: BlindColumn, value: &str) -> Vec<u8> {
        self.macs.blind(column, value)
    }

    /// A tag over `parts` (HMAC-SHA-256, each part behind its length, so that `["ab", "c"]` and
    /// `["a", "bc"]` differ). It may be cut to no less than 16 bytes.
    #[must_use]
    pub fn mac(&self, purpose: MacPurpose, parts: &[&[u8]]) -> [u8; 32] {
        self.macs.mac(purpose, parts)
    }

    /// Whether `tag`, whole or cut to 16 bytes or more, is that of `parts`. Takes the same time
    /// wherever it differs.
    #[must_use]
    pub fn verify_mac(&self, purpose: MacPurpose, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.macs.verify(purpose, parts, tag)
    }

    /// The keys that sign access tokens.
    #[must_use]
    pub fn tokens(&self) -> &TokenKeys {
        &self.tokens
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("key_ids", &self.key_ids())
            .field("fingerprint", &self.fingerprint())
            .field("tokens", &self.tokens)
            .finish()
    }
}

fn read(dir: &Path) -> Result<Keyring, KeyError> {
    Keyring::parse(&folder::read(dir)?).map_err(|reason| content(dir, reason))
}

fn content(dir: &Path, reason: impl Into<String>) -> KeyError {
    KeyError::Content {
        file: folder::keyring(dir),
        reason: reason.into(),
    }
}

#[cfg(test)]
#[path = "vault_tests.rs"]
mod tests;
