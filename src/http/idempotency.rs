//! `Idempotency-Key` on creates: a repeated request finds what the first one made.
//!
//! The key's row commits with the effect and holds no answer: the record is
//! rendered again by the caller's rights now, so that no clear-text copy rests.

use actix_web::{FromRequest, HttpRequest, web};
use diesel::prelude::*;

use crate::crypto::{MacPurpose, Vault};
use crate::db::{DbConn, Micros, Uid, schema::idempotency_keys};
use crate::error::{AppError, AppResult, Code};

/// How long a key is remembered.
pub const KEPT_DAYS: i64 = 400;

/// What the header said, if it was sent.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = AppError;
    type Future = std::future::Ready<Result<Self, AppError>>;
    fn from_request(req: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let key = match req.headers().get("idempotency-key") {
            None => Ok(IdempotencyKey(None)),
            Some(v) => match v.to_str() {
                // The draft makes it a structured string; a bare token is common and harmless.
                Ok(t) if (1..=255).contains(&t.len()) => {
                    Ok(IdempotencyKey(Some(t.trim_matches('"').to_owned())))
                }
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
        let key_mac = self.0.map(|key| {
            mac(&[
                b"key",
                user.as_bytes(),
                operation.as_bytes(),
                key.as_bytes(),
            ])
        });
        let body_mac = if key_mac.is_some() {
            mac(&[b"body", body])
        } else {
            Vec::new()
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
    /// Runs `make` unless the key was used before; to be called first in the write.
    pub fn run(
        &self,
        c: &mut DbConn,
        now: Micros,
        make: impl FnOnce(&mut DbConn) -> AppResult<Uid>,
    ) -> AppResult<Made> {
        let Some(key_mac) = &self.key_mac else {
            return make(c).map(Made::New);
        };
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
            .execute(c)
            .map_err(|e| match crate::db::violation(&e) {
                // Two requests with one key at once: the other one is about to commit.
                Some(crate::db::Violation::Unique { .. }) => {
                    AppError::of(Code::IdempotencyInProgress)
                }
                _ => e.into(),
            })?;
        Ok(Made::New(id))
    }
}

/// The id in a path; what is not a UUID names no record.
pub fn path_id(path: web::Path<String>) -> AppResult<Uid> {
    path.parse().map_err(|_| AppError::not_found())
}
