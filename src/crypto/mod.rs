//! Keys, and everything done with them.
//!
//! **The folder.** All keys of an installation stand in one private folder (0700), in one file,
//! `keyring.json` (0600), beside a page that says how to keep it. Every key in it is random and
//! none is derived from another, so a recovery kit is a copy of the folder. The folder is never
//! inside the data directory and never in a backup: whoever holds only one of the two reads nothing.
//! One file is replaced at once or not at all; a lock on the folder keeps two commands from
//! losing each other's keys.
//!
//! **The vault.** [`Vault`] is that folder opened, with every key schedule computed once. A process
//! makes one at its start and shares it by `Arc`.
//!
//! **What is sealed.** Identity fields of a person are sealed under that person's own [`DataKey`],
//! whose wrapped form rests beside the person; destroying those bytes erases the fields wherever
//! copies of them remain. What belongs to no person served (a colleague's name, a push token) is
//! sealed under the ring itself by [`Vault::seal`]. Both are AES-256-GCM-SIV, which survives even a
//! repeated nonce, with the column and the record's id as associated data: bytes moved to another
//! column or another record do not open.
//!
//! ```text
//! under the ring        [algorithm 1][key id, u32 big-endian][nonce 12][ciphertext][tag 16]
//! under a data key      [algorithm 1][nonce 12][ciphertext][tag 16]
//! associated data       column name, 0x00, record id (16 bytes)
//! ```
//!
//! **Rotation.** [`Vault::rotate`] adds a new current key and keeps the old ones for reading; an old
//! signing key verifies only while tokens signed before may live. Running processes take new keys up.
//! [`Vault::rewrap_data_key`] and [`Vault::reseal`] then move stored bytes over, row by row
//! (`privacy::moves`); the fields under a data key stay as they are. A key that no row names any more may
//! go: [`Vault::retire`].
//!
//! **Searching.** [`Vault::blind`] turns a phone or document number into bytes to compare with, under a key of
//! the column's own. There are so few mobile numbers that whoever holds this key can try them all in minutes.
//! [`Vault::rotate_index`] replaces these keys: a search then asks for what each generation of them would have
//! made ([`Vault::blind_all`]), until `privacy::moves` has indexed everything anew. The MAC keys do not rotate, as
//! nothing that is stored with them could be made again; [`Vault::fingerprint`] tells whether a database was filled
//! with this installation's keys.
//!
//! **Tokens.** [`TokenKeys`] signs and checks access tokens (ES256), and publishes its public half.
//!
//! **Web Push.** [`WebPushKey`] is the key by which browsers' push services know us. It stands in a file of its own
//! beside the keyring, is made with the first start, and stays: each subscription of a browser is made for it.
//!
//! **Other offices.** [`OfficeKeys`] sign the files of liaison and open those that come for us; they stand in a file of
//! their own too, because other installations hold their public halves.
//!
//! Nothing here logs, and no error or `Debug` shows a key, a plaintext or a token.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aead;
mod error;
mod folder;
mod hex;
mod keyring;
mod mac;
mod office;
mod random;
mod token;
mod vault;
mod web_push;

pub use aead::DataKey;
pub use error::{CryptoError, KeyError, TokenError};
pub use hex::hex;
pub use mac::{BlindColumn, MacPurpose, index_key_id};
pub use office::{FILE as OFFICE_FILE, OfficeCard, OfficeKeys};
pub use random::{random_code, random_state, random_token};
pub use token::{MAX_LIFE, TokenKeys};
pub use vault::{FieldKey, Vault};
pub use web_push::{FILE as WEB_PUSH_FILE, WebPushKey};
