//! Authenticated encryption: one cipher, the ring of keys that wraps and seals, a person's data key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::CryptoError;

/// AES-256-GCM-SIV (RFC 8452). The first byte of everything sealed; SM4 can take the next number.
const ALG_AES_256_GCM_SIV: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Algorithm byte and key id before what the ring sealed.
const RING_HEADER: usize = 1 + 4;
/// Length of every symmetric key, in bytes.
pub(super) const KEY_LEN: usize = 32;
/// Stands for the column where a data key is wrapped. Columns are named `table.column`, so none
/// of them can pass for it.
const DATA_KEY: &str = "data key";

/// Where a sealed value belongs: it opens nowhere else.
#[derive(Clone, Copy)]
pub(super) struct Place {
    column: &'static str,
    id: Uuid,
}

impl Place {
    pub(super) fn new(column: &'static str, id: Uuid) -> Place {
        debug_assert!(!column.contains('\0'), "a NUL would blur column and id");
        Place { column, id }
    }

    pub(super) fn data_key(owner: Uuid) -> Place {
        Place::new(DATA_KEY, owner)
    }

    /// Calls `f` with the associated data, which stands on the stack unless the name is very long.
    fn with_aad<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        let (name, id) = (self.column.as_bytes(), self.id.as_bytes());
        let mut short = [0; 96];
        let len = name.len() + 1 + id.len();
        match short.get_mut(..len) {
            Some(aad) => {
                aad[..name.len()].copy_from_slice(name);
                aad[name.len() + 1..].copy_from_slice(id);
                f(aad)
            }
            None => f(&[name, &[0], id].concat()),
        }
    }
}

/// A key with its schedule computed. The library wipes its memory when it is dropped.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(key: &[u8]) -> Result<Cipher, CryptoError> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).map_err(|_| CryptoError::Library)?;
        Ok(Cipher(LessSafeKey::new(key)))
    }

    /// `header`, nonce, ciphertext and tag in one allocation.
    fn seal(&self, header: &[u8], place: Place, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| CryptoError::Library)?;
        let mut out = Vec::with_capacity(header.len() + NONCE_LEN + plain.len() + TAG_LEN);
        out.extend_from_slice(header);
        out.extend_from_slice(&nonce);
        let body = out.len();
        out.resize(body + plain.len() + TAG_LEN, 0);
        let (text, tag) = out[body..].split_at_mut(plain.len());
        let nonce = Nonce::assume_unique_for_key(nonce);
        place
            .with_aad(|aad| {
                let aad = Aad::from(aad);
                (self.0).seal_out_of_place_scatter(nonce, aad, plain, text, &[], tag)
            })
            .map_err(|_| CryptoError::Library)?;
        Ok(out)
    }

    /// Opens `body` (what stands behind the header) into a buffer of its plaintext's length.
    fn open<B: Buffer>(&self, place: Place, body: &[u8]) -> Result<B, CryptoError> {
        let (nonce, rest) = body
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(CryptoError::CutShort)?;
        let (text, tag) = rest
            .split_last_chunk::<TAG_LEN>()
            .ok_or(CryptoError::CutShort)?;
        let mut plain = B::of_len(text.len()).ok_or(CryptoError::NotAuthentic)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        place
            .with_aad(|aad| {
                let aad = Aad::from(aad);
                (self.0).open_separate_gather(nonce, aad, text, tag, plain.bytes())
            })
            .map_err(|_| CryptoError::NotAuthentic)?;
        Ok(plain)
    }
}

/// What a plaintext is opened into: text, or a key, which is wiped.
trait Buffer: Sized {
    fn of_len(len: usize) -> Option<Self>;
    fn bytes(&mut self) -> &mut [u8];
}

impl Buffer for Vec<u8> {
    fn of_len(len: usize) -> Option<Self> {
        Some(vec![0; len])
    }
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
}

impl Buffer for Zeroizing<[u8; KEY_LEN]> {
    fn of_len(len: usize) -> Option<Self> {
        (len == KEY_LEN).then(Self::default)
    }
    fn bytes(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

fn text(plain: Vec<u8>) -> Result<String, CryptoError> {
    String::from_utf8(plain).map_err(|_| CryptoError::NotText)
}

/// Takes the algorithm byte off.
fn body_of(sealed: &[u8]) -> Result<&[u8], CryptoError> {
    match sealed.split_first() {
        Some((&ALG_AES_256_GCM_SIV, body)) => Ok(body),
        Some((&other, _)) => Err(CryptoError::UnknownAlgorithm(other)),
        None => Err(CryptoError::CutShort),
    }
}

/// The field keys: the current one seals, every one opens.
pub(super) struct Ring {
    /// Oldest first.
    older: Vec<(u32, Cipher)>,
    current: (u32, Cipher),
}

impl Ring {
    pub(super) fn new(older: Vec<(u32, Cipher)>, current: (u32, Cipher)) -> Ring {
        Ring { older, current }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        let older = self.older.iter().map(|(id, _)| *id);
        older.chain([self.current.0])
    }

    pub(super) fn current_id(&self) -> u32 {
        self.current.0
    }

    pub(super) fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (id, cipher) = &self.current;
        let mut header = [ALG_AES_256_GCM_SIV; RING_HEADER];
        header[1..].copy_from_slice(&id.to_be_bytes());
        cipher.seal(&header, place, plain)
    }

    pub(super) fn open_text(&self, place: Place, sealed: &[u8]) -> Result<String, CryptoError> {
        text(self.open(place, sealed)?)
    }

    fn open<B: Buffer>(&self, place: Place, sealed: &[u8]) -> Result<B, CryptoError> {
        let (id, body) = key_id_of(sealed)?;
        let (_, cipher) = [&self.current]
            .into_iter()
            .chain(&self.older)
            .find(|(held, _)| *held == id)
            .ok_or(CryptoError::UnknownKey(id))?;
        cipher.open(place, body)
    }

    /// The same content under the current key; `None` where it is already.
    pub(super) fn reseal(
        &self,
        place: Place,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, CryptoError> {
        if key_id_of(sealed)?.0 == self.current.0 {
            return Ok(None);
        }
        let plain: Zeroizing<Vec<u8>> = Zeroizing::new(self.open(place, sealed)?);
        self.seal(place, &plain).map(Some)
    }

    pub(super) fn new_data_key(&self, owner: Uuid) -> Result<(DataKey, Vec<u8>), CryptoError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rand::fill(key.as_mut_slice()).map_err(|_| CryptoError::Library)?;
        let wrapped = self.seal(Place::data_key(owner), key.as_slice())?;
        Ok((DataKey(Cipher::new(key.as_slice())?), wrapped))
    }

    pub(super) fn open_data_key(
        &self,
        owner: Uuid,
        wrapped: &[u8],
    ) -> Result<DataKey, CryptoError> {
        let key: Zeroizing<[u8; KEY_LEN]> = self.open(Place::data_key(owner), wrapped)?;
        Ok(DataKey(Cipher::new(key.as_slice())?))
    }
}

/// The ring key that sealed these bytes, and what stands behind the header.
fn key_id_of(sealed: &[u8]) -> Result<(u32, &[u8]), CryptoError> {
    let (id, body) = body_of(sealed)?
        .split_first_chunk()
        .ok_or(CryptoError::CutShort)?;
    Ok((u32::from_be_bytes(*id), body))
}

/// One person's key, opened: seals and opens that person's fields. Its memory is wiped when it is
/// dropped; open it for a request, not for longer.
pub struct DataKey(Cipher);

impl DataKey {
    /// Seals one field of record `id` for `column` (`"people.name"`).
    /// Takes 29 bytes more than the text; equal texts give different bytes.
    ///
    /// # Errors
    /// [`CryptoError::Library`] only.
    pub fn seal(
        &self,
        column: &'static str,
        id: Uuid,
        plain: &str,
    ) -> Result<Vec<u8>, CryptoError> {
        (self.0).seal(
            &[ALG_AES_256_GCM_SIV],
            Place::new(column, id),
            plain.as_bytes(),
        )
    }

    /// Opens what [`DataKey::seal`] made for the same column and record.
    ///
    /// # Errors
    /// [`CryptoError::NotAuthentic`] for bytes altered, moved or of another person;
    /// `UnknownAlgorithm` and `CutShort` for what was never sealed.
    pub fn open(
        &self,
        column: &'static str,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<String, CryptoError> {
        text(self.0.open(Place::new(column, id), body_of(sealed)?)?)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(redacted)")
    }
}
