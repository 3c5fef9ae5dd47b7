//! Keyed hashes: blind indexes to search sealed columns by, and tags on what we hand out.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};

use super::hex::hex;
use super::keyring::{BlindSecrets, Keyring, MacSecrets};

/// A column that is found by exact value although it is sealed. Each has a key of its own, so
/// that equal values in two columns do not show as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlindColumn {
    /// A phone number in E.164.
    Phone,
    /// The number of an identity document, as stored (capital X).
    Document,
    /// A push provider's token of a device.
    PushToken,
}

/// What a tag is for. Each purpose has a key of its own: a tag for one is worthless for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacPurpose {
    /// Page and sync cursors handed to clients.
    Cursor,
    /// The body behind an idempotency key, to tell a repeat from a different request.
    IdempotencyBody,
    /// Secrets that are stored as a hash: refresh tokens, enrolment and receipt codes.
    SecretHash,
}

/// The shortest tag that counts, in bytes.
const MIN_TAG: usize = 16;
/// Signed with every key to make the fingerprint. No value of a column begins with NUL.
const FINGERPRINT: &[u8] = b"\0fingerprint";

/// The keys of one generation of indexes.
struct BlindKeys {
    id: u32,
    phone: hmac::Key,
    document: hmac::Key,
    push_token: hmac::Key,
}

/// An index made with keys that have an id: this byte, the id, the hash. One of the first keys is the hash alone.
const INDEXED: u8 = 1;
/// Bytes before the hash.
const PREFIX: usize = 5;
const HASH: usize = 32;

/// The id of the keys that made an index; 0 for the first ones.
#[must_use]
pub fn index_key_id(index: &[u8]) -> Option<u32> {
    match index {
        _ if index.len() == HASH => Some(0),
        [INDEXED, a, b, c, d, hash @ ..] if hash.len() == HASH => {
            Some(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => None,
    }
}

impl BlindKeys {
    fn of(secrets: &BlindSecrets) -> BlindKeys {
        BlindKeys {
            id: secrets.id,
            phone: key(&secrets.phone),
            document: key(&secrets.document),
            push_token: key(&secrets.push_token),
        }
    }

    fn index(&self, column: BlindColumn, value: &str) -> Vec<u8> {
        let key = match column {
            BlindColumn::Phone => &self.phone,
            BlindColumn::Document => &self.document,
            BlindColumn::PushToken => &self.push_token,
        };
        let mut index = Vec::with_capacity(PREFIX + HASH);
        if self.id != 0 {
            index.push(INDEXED);
            index.extend_from_slice(&self.id.to_be_bytes());
        }
        index.extend_from_slice(hmac::sign(key, value.as_bytes()).as_ref());
        index
    }
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, secret)
}

/// 16 hexadecimal digits that another set of keys would not give.
pub(super) fn fingerprint(blind: &BlindSecrets, mac: &MacSecrets) -> String {
    let keys = [
        &blind.phone,
        &blind.document,
        &blind.push_token,
        &mac.cursor,
        &mac.idempotency_body,
        &mac.secret_hash,
    ];
    let tags: Vec<u8> = keys
        .iter()
        .flat_map(|secret| hmac::sign(&key(secret), FINGERPRINT).as_ref().to_vec())
        .collect();
    let hash = digest(&SHA256, &tags);
    hex(&hash.as_ref()[..8])
}

/// Keys of indexes and tags. The library wipes them when they are dropped.
pub(super) struct MacKeys {
    /// Newest first.
    blind: Vec<BlindKeys>,
    fingerprint: String,
    cursor: hmac::Key,
    idempotency_body: hmac::Key,
    secret_hash: hmac::Key,
}

impl MacKeys {
    pub(super) fn new(ring: &Keyring) -> MacKeys {
        let mac = &ring.mac;
        MacKeys {
            blind: ring.blind.iter().rev().map(BlindKeys::of).collect(),
            fingerprint: ring.fingerprint.clone(),
            cursor: key(&mac.cursor),
            idempotency_body: key(&mac.idempotency_body),
            secret_hash: key(&mac.secret_hash),
        }
    }

    /// One index by each generation of keys, the current one first.
    pub(super) fn blind(&self, column: BlindColumn, value: &str) -> Vec<Vec<u8>> {
        let by = |keys: &BlindKeys| keys.index(column, value);
        self.blind.iter().map(by).collect()
    }

    pub(super) fn mac(&self, purpose: MacPurpose, parts: &[&[u8]]) -> [u8; 32] {
        let key = match purpose {
            MacPurpose::Cursor => &self.cursor,
            MacPurpose::IdempotencyBody => &self.idempotency_body,
            MacPurpose::SecretHash => &self.secret_hash,
        };
        let mut context = hmac::Context::with_key(key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    pub(super) fn verify(&self, purpose: MacPurpose, parts: &[&[u8]], tag: &[u8]) -> bool {
        let expected = self.mac(purpose, parts);
        tag.len() >= MIN_TAG
            && (expected.get(..tag.len()))
                .is_some_and(|expected| verify_slices_are_equal(expected, tag).is_ok())
    }

    pub(super) fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}
