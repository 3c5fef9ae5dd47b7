//! The key folder, opened: what the rest of the program uses.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::aead::{Cipher, DataKey, Place, Ring};
use super::error::{CryptoError, KeyError, TokenError};
use super::folder::{self, Folder, Stamp};
use super::keyring::Keyring;
use super::mac::{BlindColumn, MacKeys, MacPurpose};
use super::token::TokenKeys;

/// Keys that others name and this process does not hold are looked for in the folder no more often.
const LOOK_PAUSE: Duration = Duration::from_secs(5);

/// All keys of an installation, ready for use. Share it by `Arc`; every method takes `&self` and may be
/// called from any thread. Key memory is wiped when it is dropped.
///
/// A rotation elsewhere is noticed: by [`Vault::look`], which a running process calls now and then,
/// and when bytes or a token name a key that is not held, so that nodes may be restarted one after
/// the other or not at all. The second reads a small file on the caller's thread, at most once in
/// five seconds; nothing else here does any I/O.
pub struct Vault {
    dir: PathBuf,
    keys: RwLock<Arc<Keys>>,
    looked: Mutex<Looked>,
}

/// A field key, or the keys of an index, as people are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldKey {
    /// The number by which sealed bytes name it.
    pub id: u32,
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
}

struct Keys {
    ring: Ring,
    /// Oldest first.
    field: Vec<FieldKey>,
    /// Oldest first.
    index: Vec<FieldKey>,
    macs: MacKeys,
    tokens: Arc<TokenKeys>,
}

/// When the folder was last looked at for an unknown key, and which keyring is held.
struct Looked {
    at: Option<Instant>,
    held: Stamp,
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
        Ok(Vault::of(
            dir,
            folder::stamp(dir)?,
            Keys::of(dir, &keyring)?,
        ))
    }

    /// Opens a key folder.
    ///
    /// # Errors
    /// [`KeyError::MissingFolder`], [`KeyError::MissingFile`], [`KeyError::Permissions`] if group
    /// or others have any right to folder or file, [`KeyError::Content`], [`KeyError::Io`].
    pub fn open(dir: &Path) -> Result<Vault, KeyError> {
        // The stamp first: a keyring that is replaced meanwhile is read again, not missed.
        let stamp = folder::stamp(dir);
        let keyring = read(dir)?;
        Ok(Vault::of(dir, stamp?, Keys::of(dir, &keyring)?))
    }

    /// Whether `dir` holds keys. That they can be read is for [`Vault::open`] to say.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        folder::exists(dir)
    }

    /// Adds a new current field key and a new signing key to the folder, keeps the old ones for
    /// reading and, for as long as tokens may live, verifying, and answers the vault with both. Other
    /// processes read the new keys within seconds ([`Vault::look`]).
    ///
    /// # Errors
    /// As [`Vault::open`]. The folder is then as it was.
    pub fn rotate(dir: &Path) -> Result<Vault, KeyError> {
        let folder = Folder::lock(dir)?;
        let mut keyring = read(dir)?;
        keyring.rotate()?;
        let keys = Keys::of(dir, &keyring)?;
        folder.store(&keyring.to_json()?)?;
        Ok(Vault::of(dir, folder::stamp(dir)?, keys))
    }

    /// Takes an older field key out of the folder and answers the vault without it. What is still sealed
    /// under it can then be read with a recovery kit alone: ask first whether anything is.
    ///
    /// # Errors
    /// [`KeyError::NotOlder`] for the current key and for one that is not there; as [`Vault::open`]. The
    /// folder is then as it was.
    pub fn retire(dir: &Path, id: u32) -> Result<Vault, KeyError> {
        let folder = Folder::lock(dir)?;
        let mut keyring = read(dir)?;
        if !keyring.retire(id) {
            return Err(KeyError::NotOlder(id));
        }
        let keys = Keys::of(dir, &keyring)?;
        folder.store(&keyring.to_json()?)?;
        Ok(Vault::of(dir, folder::stamp(dir)?, keys))
    }

    /// Adds new current index keys to the folder and answers the vault with them. What older ones indexed is
    /// found as before, and indexed anew row by row.
    ///
    /// # Errors
    /// As [`Vault::rotate`].
    pub fn rotate_index(dir: &Path) -> Result<Vault, KeyError> {
        let folder = Folder::lock(dir)?;
        let mut keyring = read(dir)?;
        keyring.rotate_index()?;
        let keys = Keys::of(dir, &keyring)?;
        folder.store(&keyring.to_json()?)?;
        Ok(Vault::of(dir, folder::stamp(dir)?, keys))
    }

    /// Takes older index keys out of the folder and answers the vault without them. What they indexed is then
    /// found no more: ask first whether anything is.
    ///
    /// # Errors
    /// As [`Vault::retire`].
    pub fn retire_index(dir: &Path, id: u32) -> Result<Vault, KeyError> {
        let folder = Folder::lock(dir)?;
        let mut keyring = read(dir)?;
        if !keyring.retire_index(id) {
            return Err(KeyError::NotOlder(id));
        }
        let keys = Keys::of(dir, &keyring)?;
        folder.store(&keyring.to_json()?)?;
        Ok(Vault::of(dir, folder::stamp(dir)?, keys))
    }

    fn of(dir: &Path, held: Stamp, keys: Keys) -> Vault {
        Vault {
            dir: dir.to_owned(),
            keys: RwLock::new(Arc::new(keys)),
            looked: Mutex::new(Looked { at: None, held }),
        }
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the keys of the folder if they were replaced since they were read; true when they were.
    ///
    /// # Errors
    /// As [`Vault::open`], and [`KeyError::Content`] for another installation's keys. The keys held
    /// stay in use.
    pub fn look(&self) -> Result<bool, KeyError> {
        self.take_new(&mut self.looked())
    }

    fn take_new(&self, looked: &mut Looked) -> Result<bool, KeyError> {
        let stamp = folder::stamp(&self.dir)?;
        if stamp == looked.held {
            return Ok(false);
        }
        let new = Keys::of(&self.dir, &read(&self.dir)?)?;
        if new.macs.fingerprint() != self.fingerprint() {
            return Err(content(&self.dir, "it is another installation's"));
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        looked.held = stamp;
        Ok(true)
    }

    /// The keys of the folder where they are newer than those that lacked one.
    fn newer_than(&self, lacking: &Arc<Keys>) -> Option<Arc<Keys>> {
        let mut looked = self.looked();
        if !Arc::ptr_eq(&self.keys(), lacking) {
            return Some(self.keys());
        }
        if looked.at.is_some_and(|at| at.elapsed() < LOOK_PAUSE) {
            return None;
        }
        looked.at = Some(Instant::now());
        // A folder that cannot be read changes nothing: the caller names the key that is missing.
        let new = self.take_new(&mut looked).unwrap_or(false);
        new.then(|| self.keys())
    }

    /// Runs `open` with the keys held, and once more where the folder holds a key that they lack.
    fn with_key<T>(
        &self,
        open: impl Fn(&Ring) -> Result<T, CryptoError>,
    ) -> Result<T, CryptoError> {
        let keys = self.keys();
        match open(&keys.ring) {
            Err(CryptoError::UnknownKey(id)) => match self.newer_than(&keys) {
                Some(newer) => open(&newer.ring),
                None => Err(CryptoError::UnknownKey(id)),
            },
            answer => answer,
        }
    }

    /// 16 hexadecimal digits for the installation's keys. A database remembers it; under another value its
    /// indexes find nothing and its stored hashes match nothing. It was made of the first index and MAC keys, and
    /// outlives them.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.keys().macs.fingerprint()
    }

    /// The ids of the field keys, oldest first. They are random, between 1 and 2³¹ − 1, so that
    /// another installation's keys are never taken for ours.
    #[must_use]
    pub fn key_ids(&self) -> Vec<u32> {
        self.keys().ring.ids().collect()
    }

    /// The field keys, oldest first, with their age.
    #[must_use]
    pub fn field_keys(&self) -> Vec<FieldKey> {
        self.keys().field.clone()
    }

    /// The field key that new bytes are sealed under.
    #[must_use]
    pub fn current_key_id(&self) -> u32 {
        self.keys().ring.current_id()
    }

    /// A new data key for the person `owner`, and its wrapped form (65 bytes) to store.
    ///
    /// # Errors
    /// [`CryptoError::Library`] only.
    pub fn new_data_key(&self, owner: Uuid) -> Result<(DataKey, Vec<u8>), CryptoError> {
        self.keys().ring.new_data_key(owner)
    }

    /// Opens the data key of `owner`.
    ///
    /// # Errors
    /// [`CryptoError::UnknownKey`] naming the field key that is missing;
    /// [`CryptoError::NotAuthentic`] for bytes altered or of another person.
    pub fn open_data_key(&self, owner: Uuid, wrapped: &[u8]) -> Result<DataKey, CryptoError> {
        self.with_key(|ring| ring.open_data_key(owner, wrapped))
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
        self.with_key(|ring| ring.reseal(Place::data_key(owner), wrapped))
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
        self.keys()
            .ring
            .seal(Place::new(column, id), plain.as_bytes())
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
        self.with_key(|ring| ring.open_text(Place::new(column, id), sealed))
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
        self.with_key(|ring| ring.reseal(Place::new(column, id), sealed))
    }

    /// Bytes (the id of the keys, HMAC-SHA-256) that are equal for equal values of a column, to find a
    /// sealed value by. Normalise the value first. This one is to be stored; to look for a value ask for all.
    #[must_use]
    pub fn blind(&self, column: BlindColumn, value: &str) -> Vec<u8> {
        let mut all = self.blind_all(column, value);
        all.truncate(1);
        all.pop().unwrap_or_default()
    }

    /// All bytes under which a value may stand, until what older keys indexed was indexed anew: the current
    /// one first.
    #[must_use]
    pub fn blind_all(&self, column: BlindColumn, value: &str) -> Vec<Vec<u8>> {
        self.keys().macs.blind(column, value)
    }

    /// The index keys, oldest first, with their age; the first ones of an old installation have the id 0.
    #[must_use]
    pub fn index_keys(&self) -> Vec<FieldKey> {
        self.keys().index.clone()
    }

    /// A tag over `parts` (HMAC-SHA-256, each part behind its length, so that `["ab", "c"]` and
    /// `["a", "bc"]` differ). It may be cut to no less than 16 bytes.
    #[must_use]
    pub fn mac(&self, purpose: MacPurpose, parts: &[&[u8]]) -> [u8; 32] {
        self.keys().macs.mac(purpose, parts)
    }

    /// Whether `tag`, whole or cut to 16 bytes or more, is that of `parts`. Takes the same time
    /// wherever it differs.
    #[must_use]
    pub fn verify_mac(&self, purpose: MacPurpose, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.keys().macs.verify(purpose, parts, tag)
    }

    /// The keys that sign access tokens.
    #[must_use]
    pub fn tokens(&self) -> Arc<TokenKeys> {
        self.keys().tokens.clone()
    }

    /// [`TokenKeys::verify`], with the keys of the folder where a newer one signed.
    ///
    /// # Errors
    /// As there.
    pub fn verify_token<T: DeserializeOwned>(
        &self,
        token: &str,
        iss: &str,
        aud: &str,
        now_unix: i64,
        leeway_s: u64,
    ) -> Result<T, TokenError> {
        let keys = self.keys();
        let check = |keys: &Keys| keys.tokens.verify(token, iss, aud, now_unix, leeway_s);
        match check(&keys) {
            Err(TokenError::UnknownKey) => match self.newer_than(&keys) {
                Some(newer) => check(&newer),
                None => Err(TokenError::UnknownKey),
            },
            answer => answer,
        }
    }
}

impl Keys {
    fn of(dir: &Path, keyring: &Keyring) -> Result<Keys, KeyError> {
        let mut field = Vec::with_capacity(keyring.field.len());
        let mut told = Vec::with_capacity(keyring.field.len());
        for secret in &keyring.field {
            field.push((secret.id, Cipher::new(&secret.key)?));
            told.push(FieldKey {
                id: secret.id,
                made_at: i64::try_from(secret.created).unwrap_or(i64::MAX),
            });
        }
        let current = field
            .pop()
            .ok_or_else(|| content(dir, "it holds no field key"))?;
        let tokens = TokenKeys::new(&keyring.token).map_err(|reason| content(dir, reason))?;
        Ok(Keys {
            ring: Ring::new(field, current),
            field: told,
            index: (keyring.blind.iter())
                .map(|keys| FieldKey {
                    id: keys.id,
                    made_at: i64::try_from(keys.created).unwrap_or(i64::MAX),
                })
                .collect(),
            macs: MacKeys::new(keyring),
            tokens: Arc::new(tokens),
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("key_ids", &self.key_ids())
            .field("fingerprint", &self.fingerprint())
            .field("tokens", &self.tokens())
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
