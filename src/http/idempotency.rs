//! `Idempotency-Key` on creates: a repeated request finds what the first one made.
//!
//! The key's row commits with the effect and holds no answer: the record is
//! rendered again by the caller's rights now, so that no clear-text copy rests.
//! A request is its path and its body: the same key with another of either is
//! refused, because the record it would replay is not the one asked for.

use actix_web::{FromRequest, HttpRequest, web};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::crypto::{MacPurpose, Vault};
use crate::db::{DbConn, Micros, Uid, schema::idempotency_keys};
use crate::error::{AppError, AppResult, Code};

/// How long a key is remembered.
pub const KEPT_DAYS: i64 = 400;
/// Keys removed in one write.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// What the header said, if it was sent.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<Sent>);

#[derive(Debug, Clone)]
struct Sent {
    key: String,
    path: String,
}

impl FromRequest for IdempotencyKey {
    type Error = AppError;
    type Future = std::future::Ready<Result<Self, AppError>>;
    fn from_request(req: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let key = match req.headers().get("idempotency-key") {
            None => Ok(IdempotencyKey(None)),
            Some(v) => match v.to_str() {
                // The draft makes it a structured string; a bare token is common and harmless.
                Ok(t) if (1..=255).contains(&t.len()) => Ok(IdempotencyKey(Some(Sent {
                    key: t.trim_matches('"').to_owned(),
                    path: req.path().to_owned(),
                }))),
                _ => Err(AppError::of(Code::MalformedHeader)),
            },
        };
        std::future::ready(key)
    }
}

/// The key of one request, hashed with who asked and for what.
#[derive(Debug, Clone)]
pub struct Once {
    user: Uid,
    operation: &'static str,
    key_mac: Option<Vec<u8>>,
    body_mac: Vec<u8>,
}

/// What a create did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    New(Uid),
    /// An earlier request with the same key made this one.
    Before(Uid),
}

impl IdempotencyKey {
    pub fn bind(self, vault: &Vault, user: Uid, operation: &'static str, body: &[u8]) -> Once {
        let mac = |parts: &[&[u8]]| vault.mac(MacPurpose::IdempotencyBody, parts).to_vec();
        let (key_mac, body_mac) = match self.0 {
            None => (None, Vec::new()),
            Some(Sent { key, path }) => {
                let (user, operation) = (user.as_bytes(), operation.as_bytes());
                let key_mac = mac(&[b"key", user, operation, key.as_bytes()]);
                (Some(key_mac), mac(&[b"body", path.as_bytes(), body]))
            }
        };
        Once {
            user,
            operation,
            key_mac,
            body_mac,
        }
    }
}

impl Once {
    /// Runs `make` unless the key was used before; to be called first in the write. Who renders the record
    /// of `Made::Before` authorises it first: the caller's rights may have changed since.
    pub fn run(
        &self,
        c: &mut DbConn,
        now: Micros,
        make: impl FnOnce(&mut DbConn) -> AppResult<Uid>,
    ) -> AppResult<Made> {
        let Some(key_mac) = &self.key_mac else {
            return make(c).map(Made::New);
        };
        take(c, key_mac)?;
        let seen: Option<(Uid, Vec<u8>)> = idempotency_keys::table
            .find(key_mac)
            .select((idempotency_keys::record_id, idempotency_keys::body_mac))
            .first(c)
            .optional()?;
        if let Some((id, body)) = seen {
            return if body == self.body_mac {
                Ok(Made::Before(id))
            } else {
                Err(AppError::of(Code::IdempotencyKeyReused))
            };
        }
        let id = make(c)?;
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::key_mac.eq(key_mac),
                idempotency_keys::user_id.eq(self.user),
                idempotency_keys::operation.eq(self.operation),
                idempotency_keys::body_mac.eq(&self.body_mac),
                idempotency_keys::status.eq(201i64),
                idempotency_keys::record_id.eq(id),
                idempotency_keys::at.eq(now.0),
            ))
            .execute(c)?;
        Ok(Made::New(id))
    }
}

/// Takes the key before anything else is done: of two requests at once the second would fail on the
/// record's own id instead, which says nothing to a phone that only repeats itself. It is told to ask
/// again rather than kept waiting with a connection. SQLite has one writer.
fn take(c: &mut DbConn, key_mac: &[u8]) -> AppResult<()> {
    let DbConn::Pg(c) = c else {
        return Ok(());
    };
    let first: [u8; 8] = key_mac
        .first_chunk()
        .copied()
        .ok_or_else(|| AppError::internal("a tag shorter than 8 bytes"))?;
    let taken: bool = diesel::select(
        diesel::dsl::sql::<Bool>("pg_try_advisory_xact_lock(")
            .bind::<BigInt, _>(i64::from_be_bytes(first))
            .sql(")"),
    )
    .get_result(c)?;
    if taken {
        Ok(())
    } else {
        Err(AppError::of(Code::IdempotencyInProgress))
    }
}

/// Removes keys that nobody will repeat any more, a bounded part at once; true when more may be left.
pub fn forget(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let old: Vec<Vec<u8>> = idempotency_keys::table
        .filter(idempotency_keys::at.lt(now.plus(-KEPT_DAYS * Micros::DAY).0))
        .select(idempotency_keys::key_mac)
        .limit(FORGOTTEN_AT_ONCE)
        .load(c)?;
    let more = old.len() as i64 == FORGOTTEN_AT_ONCE;
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::key_mac.eq_any(old)))
        .execute(c)?;
    Ok(more)
}

/// The id in a path; what is not a UUID names no record.
pub fn path_id(path: web::Path<String>) -> AppResult<Uid> {
    path.parse().map_err(|_| AppError::not_found())
}
