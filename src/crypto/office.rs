//! The keys by which offices with an installation of their own know ours: one signs files (Ed25519), the other opens
//! what is sealed for us (X25519). They stand in a file of their own beside the keyring and stay until an operator
//! renews them: the other offices hold their public halves, and compared the fingerprint by telephone. What was
//! sealed for the keys before is still opened; nothing is signed with them any more.
//!
//! What is sealed for an office is sealed under a key of that one file: an agreement (RFC 7748) between a key pair
//! made for it and the office's own, HKDF-SHA-256 over both public halves, AES-256-GCM-SIV. The sender cannot open
//! it again.

use std::fmt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, PrivateKey, X25519};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{self, ED25519, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::{CryptoError, KeyError};
use super::folder::{self, Folder};
use super::hex::hex;

/// Both secrets, base64 in JSON.
pub const FILE: &str = "liaison-keys.json";
const FORMAT: u32 = 1;
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
/// Keys that were renewed and still open what is on its way.
const KEPT: usize = 2;
/// What the key of a file is for: bytes sealed for one purpose open for no other.
const INFO: &[u8] = b"qianshou liaison file 1";
const CARD: &[u8] = b"qianshou liaison card 1";

/// The public half of an office's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfficeCard {
    pub signing: [u8; KEY_LEN],
    pub sealing: [u8; KEY_LEN],
}

impl OfficeCard {
    /// Eight groups of four hexadecimal digits over both keys, for two people to read to each other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &[CARD, &self.signing, &self.sealing].concat());
        let hex: Vec<String> = (hash.as_ref().chunks(2).take(8)).map(hex).collect();
        hex.join("-")
    }

    /// Whether this office signed these bytes.
    #[must_use]
    pub fn signed(&self, message: &[u8], by: &[u8]) -> bool {
        signature::UnparsedPublicKey::new(&ED25519, &self.signing)
            .verify(message, by)
            .is_ok()
    }

    /// Seals bytes that this office alone opens, bound to `beside`; answers the public half that was made for it,
    /// and the sealed bytes.
    ///
    /// # Errors
    /// [`CryptoError::NotAuthentic`] where the office's key is none, [`CryptoError::Library`].
    pub fn seal(
        &self,
        beside: &[u8],
        plain: &[u8],
    ) -> Result<([u8; KEY_LEN], Vec<u8>), CryptoError> {
        let library = |_| CryptoError::Library;
        let own = PrivateKey::generate(&X25519).map_err(library)?;
        let public = own.compute_public_key().map_err(library)?;
        let public: [u8; KEY_LEN] =
            (public.as_ref().try_into()).map_err(|_| CryptoError::Library)?;
        let key = agreed(&own, &self.sealing, &public, &self.sealing)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(library)?;
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(beside),
            &mut sealed,
        )
        .map_err(library)?;
        sealed.splice(0..0, nonce);
        Ok((public, sealed))
    }
}

/// The key of one file: both ends come to the same.
fn agreed(
    own: &PrivateKey,
    theirs: &[u8],
    made: &[u8],
    receiver: &[u8],
) -> Result<LessSafeKey, CryptoError> {
    let theirs = agreement::UnparsedPublicKey::new(&X25519, theirs);
    agreement::agree(own, theirs, CryptoError::NotAuthentic, |secret| {
        let salt = Salt::new(HKDF_SHA256, &[made, receiver].concat());
        let derived = salt.extract(secret);
        let key = derived
            .expand(&[INFO], &AES_256_GCM_SIV)
            .map_err(|_| CryptoError::Library)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    })
}

/// Our own keys.
pub struct OfficeKeys {
    signer: Ed25519KeyPair,
    opener: PrivateKey,
    card: OfficeCard,
    /// Those before, newest first.
    before: Vec<Former>,
}

/// Keys that were renewed: they open and do not sign.
struct Former {
    opener: PrivateKey,
    card: OfficeCard,
}

/// Wiped when it is dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    signing: String,
    sealing: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<StoredFormer>,
}

/// Of keys that were renewed: the public half that signed, the secret one that opens.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct StoredFormer {
    signed: String,
    sealing: String,
}

impl Former {
    fn of(stored: &StoredFormer) -> Option<Former> {
        let signing = STANDARD.decode(&stored.signed).ok()?;
        let sealing = STANDARD.decode(&stored.sealing).map(Zeroizing::new).ok()?;
        let opener = PrivateKey::from_private_key(&X25519, &sealing).ok()?;
        let public = opener.compute_public_key().ok()?;
        let card = OfficeCard {
            signing: signing.try_into().ok()?,
            sealing: public.as_ref().try_into().ok()?,
        };
        Some(Former { opener, card })
    }
}

impl OfficeKeys {
    /// The keys of this folder, if there are any.
    ///
    /// # Errors
    /// As [`super::Vault::open`], but for a missing file.
    pub fn open(dir: &Path) -> Result<Option<OfficeKeys>, KeyError> {
        let Some(stored) = Stored::read(dir)? else {
            return Ok(None);
        };
        OfficeKeys::of(&stored)
            .ok_or_else(|| KeyError::NoOfficeKeys(dir.join(FILE)))
            .map(Some)
    }

    /// The same, made where there are none; two that ask at once get the same.
    ///
    /// # Errors
    /// As [`OfficeKeys::open`].
    pub fn open_or_make(dir: &Path) -> Result<OfficeKeys, KeyError> {
        let folder = Folder::lock(dir)?;
        match OfficeKeys::open(dir)? {
            Some(keys) => Ok(keys),
            None => OfficeKeys::make(&folder, Vec::new()),
        }
    }

    /// New keys in the place of those that are there, which open what is on its way and sign nothing any more.
    ///
    /// # Errors
    /// As [`OfficeKeys::open`].
    pub fn renew(dir: &Path) -> Result<OfficeKeys, KeyError> {
        let folder = Folder::lock(dir)?;
        let before = match Stored::read(dir)? {
            None => Vec::new(),
            Some(stored) => {
                let unusable = || KeyError::NoOfficeKeys(dir.join(FILE));
                let keys = OfficeKeys::of(&stored).ok_or_else(unusable)?;
                let mut before = vec![StoredFormer {
                    signed: STANDARD.encode(keys.card.signing),
                    sealing: stored.sealing.clone(),
                }];
                before.extend(stored.before.iter().take(KEPT - 1).cloned());
                before
            }
        };
        OfficeKeys::make(&folder, before)
    }

    fn make(folder: &Folder<'_>, before: Vec<StoredFormer>) -> Result<OfficeKeys, KeyError> {
        let (signing, sealing) = (fresh()?, fresh()?);
        let stored = Stored {
            format: FORMAT,
            signing: STANDARD.encode(signing.as_slice()),
            sealing: STANDARD.encode(sealing.as_slice()),
            before,
        };
        let keys = OfficeKeys::of(&stored).ok_or(KeyError::Crypto(CryptoError::Library))?;
        let json = serde_json::to_vec(&stored).map_err(|_| CryptoError::Library)?;
        folder.store_beside(FILE, &Zeroizing::new(json))?;
        Ok(keys)
    }

    fn of(stored: &Stored) -> Option<OfficeKeys> {
        let secret = |text: &str| STANDARD.decode(text).map(Zeroizing::new).ok();
        let (signing, sealing) = (secret(&stored.signing)?, secret(&stored.sealing)?);
        let signer = Ed25519KeyPair::from_seed_unchecked(&signing).ok()?;
        let opener = PrivateKey::from_private_key(&X25519, &sealing).ok()?;
        let public = opener.compute_public_key().ok()?;
        let card = OfficeCard {
            signing: signer.public_key().as_ref().try_into().ok()?,
            sealing: public.as_ref().try_into().ok()?,
        };
        let before: Option<Vec<Former>> = stored.before.iter().map(Former::of).collect();
        Some(OfficeKeys {
            signer,
            opener,
            card,
            before: before?,
        })
    }

    /// What other offices hold of us.
    #[must_use]
    pub fn card(&self) -> OfficeCard {
        self.card
    }

    /// Signs bytes as our office.
    ///
    /// # Errors
    /// [`CryptoError::Library`] only.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signed = self.signer.try_sign(message);
        signed
            .map(|s| s.as_ref().to_vec())
            .map_err(|_| CryptoError::Library)
    }

    /// Whether a card is ours, or was before it was renewed.
    #[must_use]
    pub fn answers_to(&self, fingerprint: &str) -> bool {
        self.opener_of(fingerprint).is_some()
    }

    /// Our card that these public keys of signing are of, or were before it was renewed.
    #[must_use]
    pub fn signed_as(&self, signing: &[u8]) -> Option<OfficeCard> {
        let before = self.before.iter().map(|former| former.card);
        std::iter::once(self.card)
            .chain(before)
            .find(|card| card.signing == signing)
    }

    fn opener_of(&self, fingerprint: &str) -> Option<(&PrivateKey, &OfficeCard)> {
        let now = std::iter::once((&self.opener, &self.card));
        let before = self
            .before
            .iter()
            .map(|former| (&former.opener, &former.card));
        now.chain(before)
            .find(|(_, card)| card.fingerprint() == fingerprint)
    }

    /// Opens what was sealed for a card of ours with the public half that was made for it.
    ///
    /// # Errors
    /// [`CryptoError::CutShort`], [`CryptoError::NotAuthentic`].
    pub fn open_sealed(
        &self,
        card: &str,
        made: &[u8],
        beside: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (opener, ours) = self.opener_of(card).ok_or(CryptoError::NotAuthentic)?;
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(CryptoError::CutShort)?;
        let key = agreed(opener, made, made, &ours.sealing)?;
        let mut bytes = Zeroizing::new(body.to_vec());
        let opened = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(beside),
                &mut bytes,
            )
            .map_err(|_| CryptoError::NotAuthentic)?;
        let len = opened.len();
        bytes.truncate(len);
        Ok(bytes)
    }
}

impl Stored {
    fn read(dir: &Path) -> Result<Option<Stored>, KeyError> {
        let Some(json) = folder::read_beside(dir, FILE)? else {
            return Ok(None);
        };
        let stored: Option<Stored> = serde_json::from_slice(&json).ok();
        stored
            .filter(|stored| stored.format == FORMAT && stored.before.len() <= KEPT)
            .ok_or_else(|| KeyError::NoOfficeKeys(dir.join(FILE)))
            .map(Some)
    }
}

fn fresh() -> Result<Zeroizing<[u8; KEY_LEN]>, CryptoError> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| CryptoError::Library)?;
    Ok(bytes)
}

impl fmt::Debug for OfficeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfficeKeys")
            .field("fingerprint", &self.card.fingerprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "office_tests.rs"]
mod tests;
