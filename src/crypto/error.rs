//! What can go wrong with keys. No message holds a key, a plaintext or a token.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The key folder cannot be made, read or changed. The messages are written for the operator.
#[derive(Debug, Error)]
pub enum KeyError {
    /// There is no such folder.
    #[error(
        "the key folder {} does not exist: mount it, or restore it from the recovery kit",
        .0.display()
    )]
    MissingFolder(PathBuf),
    /// The folder is there, its keyring is not.
    #[error("{} is missing: restore it from the recovery kit", .0.display())]
    MissingFile(PathBuf),
    /// Others than the owner may read or enter.
    #[error(
        "{} is open to other users (mode {mode:04o}): run `chmod {wanted:o} {}`",
        path.display(),
        path.display()
    )]
    Permissions {
        /// The folder or file.
        path: PathBuf,
        /// Its permission bits now.
        mode: u32,
        /// What they must be at most.
        wanted: u32,
    },
    /// The keyring is there but cannot be used.
    #[error("{} is not a usable keyring: {reason}", file.display())]
    Content {
        /// The keyring.
        file: PathBuf,
        /// What is wrong, and where; never what stands there.
        reason: String,
    },
    /// The file of the web push key is there but holds none.
    #[error("{} holds no P-256 key in PKCS#8", .0.display())]
    NoWebPushKey(PathBuf),
    /// The file of the office's keys is there but holds none.
    #[error("{} does not hold the two keys of an office", .0.display())]
    NoOfficeKeys(PathBuf),
    /// New keys would replace old ones, and with them all they can read.
    #[error("{} already holds keys; they are never overwritten", .0.display())]
    AlreadyThere(PathBuf),
    /// A key that is to go is not there, or is the one that everything new is sealed under.
    #[error(
        "field key {0} is not among the older keys of the folder; `qianshou keys status` lists them"
    )]
    NotOlder(u32),
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Making a key failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl KeyError {
    /// For `map_err` behind a file operation.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyError {
        move |source| KeyError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// Sealing, opening or signing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// The bytes name a key that this ring does not hold.
    #[error("field key {0} is not in the keyring: restore it from the recovery kit")]
    UnknownKey(u32),
    /// The bytes name an algorithm that this program does not know.
    #[error("unknown algorithm {0} in sealed bytes")]
    UnknownAlgorithm(u8),
    /// The bytes are too short to be sealed at all.
    #[error("sealed bytes are cut short")]
    CutShort,
    /// Altered, moved from another record or column, or sealed under another key.
    #[error("sealed bytes do not belong to this record, column and key, or were altered")]
    NotAuthentic,
    /// Opened, but not UTF-8: it was never sealed as text.
    #[error("opened bytes are not text")]
    NotText,
    /// The cryptographic library refused a key or ran out of memory or randomness.
    #[error("the cryptographic library failed")]
    Library,
    /// The claims cannot be written as JSON.
    #[error("the claims of a token cannot be written as JSON")]
    Claims,
}

/// Why a token is refused. All mean 401; which one is for counting and for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not three parts of base64url JSON, not ES256, without `kid`, or lacking a claim.
    #[error("malformed token")]
    Malformed,
    /// Signed by a key that this ring does not hold.
    #[error("token signed by an unknown key")]
    UnknownKey,
    /// Altered or forged.
    #[error("bad token signature")]
    BadSignature,
    /// Past `exp`, or before `nbf` where there is one.
    #[error("token expired")]
    Expired,
    /// Signed by a key that a newer one replaced: after it did, or so long ago that no token of it is alive.
    #[error("token signed by a retired key")]
    RetiredKey,
    /// Genuine, but issued by or for another service (`iss`, `aud`).
    #[error("token for another audience")]
    WrongAudience,
}
