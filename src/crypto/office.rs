//! The keys by which offices with an installation of their own know ours: one signs files (Ed25519), the other opens
//! what is sealed for us (X25519). They stand in a file of their own beside the keyring and stay: the other offices
//! hold their public halves, and compared the fingerprint by telephone.
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
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::error::{CryptoError, KeyError};
use super::folder::{self, Folder};

/// Both secrets, base64 in JSON.
pub const FILE: &str = "liaison-keys.json";
const FORMAT: u32 = 1;
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;
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
        let hex: Vec<String> = (hash.as_ref().chunks(2).take(8))
            .map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect())
            .collect();
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
}

/// Wiped when it is dropped.
#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    signing: String,
    sealing: String,
}

impl OfficeKeys {
    /// The keys of this folder, if there are any.
    ///
    /// # Errors
    /// As [`super::Vault::open`], but for a missing file.
    pub fn open(dir: &Path) -> Result<Option<OfficeKeys>, KeyError> {
        let Some(json) = folder::read_beside(dir, FILE)? else {
            return Ok(None);
        };
        let unusable = || KeyError::NoOfficeKeys(dir.join(FILE));
        let stored: Stored = serde_json::from_slice(&json).map_err(|_| unusable())?;
        let secret = |text: &str| STANDARD.decode(text).map(Zeroizing::new);
        let (Ok(signing), Ok(sealing)) = (secret(&stored.signing), secret(&stored.sealing)) else {
            return Err(unusable());
        };
        if stored.format != FORMAT {
            return Err(unusable());
        }
        OfficeKeys::of(&signing, &sealing)
            .ok_or_else(unusable)
            .map(Some)
    }

    /// The same, made where there are none; two that ask at once get the same.
    ///
    /// # Errors
    /// As [`OfficeKeys::open`].
    pub fn open_or_make(dir: &Path) -> Result<OfficeKeys, KeyError> {
        let folder = Folder::lock(dir)?;
        if let Some(keys) = OfficeKeys::open(dir)? {
            return Ok(keys);
        }
        let (signing, sealing) = (fresh()?, fresh()?);
        let stored = Stored {
            format: FORMAT,
            signing: STANDARD.encode(signing.as_slice()),
            sealing: STANDARD.encode(sealing.as_slice()),
        };
        let json = serde_json::to_vec(&stored).map_err(|_| CryptoError::Library)?;
        folder.store_beside(FILE, &Zeroizing::new(json))?;
        OfficeKeys::of(signing.as_slice(), sealing.as_slice())
            .ok_or(KeyError::Crypto(CryptoError::Library))
    }

    fn of(signing: &[u8], sealing: &[u8]) -> Option<OfficeKeys> {
        let signer = Ed25519KeyPair::from_seed_unchecked(signing).ok()?;
        let opener = PrivateKey::from_private_key(&X25519, sealing).ok()?;
        let public = opener.compute_public_key().ok()?;
        let card = OfficeCard {
            signing: signer.public_key().as_ref().try_into().ok()?,
            sealing: public.as_ref().try_into().ok()?,
        };
        Some(OfficeKeys {
            signer,
            opener,
            card,
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

    /// Opens what was sealed for us with the public half that was made for it.
    ///
    /// # Errors
    /// [`CryptoError::CutShort`], [`CryptoError::NotAuthentic`].
    pub fn open_sealed(
        &self,
        made: &[u8],
        beside: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(CryptoError::CutShort)?;
        let key = agreed(&self.opener, made, made, &self.card.sealing)?;
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
mod tests {
    use super::*;

    fn keys(temp: &tempfile::TempDir, name: &str) -> OfficeKeys {
        let dir = temp.path().join(name);
        drop(Folder::make(&dir).unwrap());
        OfficeKeys::open_or_make(&dir).unwrap()
    }

    #[test]
    fn keys_are_made_once_kept_private_and_read_back() {
        let temp = tempfile::tempdir().unwrap();
        let made = keys(&temp, "a");
        let dir = temp.path().join("a");
        assert_eq!(OfficeKeys::open(&dir).unwrap().unwrap().card(), made.card());
        assert_eq!(OfficeKeys::open_or_make(&dir).unwrap().card(), made.card());
        let fingerprint = made.card().fingerprint();
        assert_eq!((fingerprint.len(), fingerprint.split('-').count()), (39, 8));
        assert_ne!(keys(&temp, "b").card().fingerprint(), fingerprint);
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.join(FILE)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        std::fs::write(
            dir.join(FILE),
            r#"{"format":1,"signing":"AAAA","sealing":""}"#,
        )
        .unwrap();
        assert!(matches!(
            OfficeKeys::open(&dir),
            Err(KeyError::NoOfficeKeys(_))
        ));
    }

    #[test]
    fn only_the_receiver_opens_and_only_what_was_sealed() {
        let temp = tempfile::tempdir().unwrap();
        let (a, b) = (keys(&temp, "a"), keys(&temp, "b"));
        let (made, sealed) = b.card().seal(b"header", b"text").unwrap();
        assert_eq!(
            b.open_sealed(&made, b"header", &sealed).unwrap().as_slice(),
            b"text"
        );
        assert!(a.open_sealed(&made, b"header", &sealed).is_err());
        assert!(b.open_sealed(&made, b"another", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(b.open_sealed(&made, b"header", &altered).is_err(), "{at}");
        }
        assert!(b.open_sealed(&[0; 32], b"header", &sealed).is_err());
        assert!(b.open_sealed(&made, b"header", b"short").is_err());
        // The same text twice is not the same bytes.
        assert_ne!(b.card().seal(b"header", b"text").unwrap().1, sealed);
    }

    #[test]
    fn a_signature_is_of_one_office_and_one_text() {
        let temp = tempfile::tempdir().unwrap();
        let (a, b) = (keys(&temp, "a"), keys(&temp, "b"));
        let signed = a.sign(b"text").unwrap();
        assert!(a.card().signed(b"text", &signed));
        assert!(!a.card().signed(b"texts", &signed));
        assert!(!b.card().signed(b"text", &signed));
        assert!(!a.card().signed(b"text", &signed[1..]));
    }
}
